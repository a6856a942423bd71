/**
 * The leading tab's end of the core: owns the Worker, serves every tab's calls
 * and watches, keeps the newest snapshot of each watched view, and starts the
 * Worker again when it dies. What it says goes through `emit`, whoever it is for.
 */
import type { Broadcast, CoreState, Failure, FromWorker, ToWorker } from "./protocol";

export interface WorkerLike {
  postMessage(message: ToWorker, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface HostEnv {
  /** This tab's id. */
  readonly id: string;
  spawn(): WorkerLike;
  /** Calls `gone` once the tab of that id has closed; ends with `signal`. */
  onTabGone(tab: string, signal: AbortSignal, gone: () => void): void;
  now(): number;
}

interface Watched {
  readonly view: string;
  readonly params: string;
  readonly tabs: Set<string>;
  last?: string;
}

/** Restarts allowed within {@link RESTART_WINDOW} before the failure is shown. */
const RESTARTS = 3;
const RESTART_WINDOW = 60_000;
const CLOSE_TIMEOUT = 2_000;
const DRAIN_TIMEOUT = 5_000;

export class Host {
  readonly #env: HostEnv;
  readonly #emit: (message: Broadcast) => void;
  readonly #calls = new Map<string, string>(); // call id → tab
  readonly #watched = new Map<string, Watched>();
  readonly #tabs = new Set<string>();
  readonly #ended = new AbortController();
  #worker: WorkerLike;
  #state: CoreState = { phase: "starting", loaded: 0, total: 0 };
  #restarts: number[] = [];
  #draining: (() => void) | undefined;
  #closed: (() => void) | undefined;

  constructor(env: HostEnv, emit: (message: Broadcast) => void) {
    this.#env = env;
    this.#emit = emit;
    this.#worker = this.#spawn();
  }

  get state(): CoreState {
    return this.#state;
  }

  /** A request of any tab, this one included. */
  handle(message: Broadcast): void {
    if (this.#draining !== undefined || this.#ended.signal.aborted) return; // the next leader serves it
    switch (message.t) {
      case "call":
        this.#meet(message.from);
        this.#call(message.from, message.id, message.method, message.args);
        return;
      case "watch":
        this.#meet(message.from);
        this.#watch(message.from, message.key, message.view, message.params);
        return;
      case "unwatch":
        this.#unwatch(message.from, message.key);
        return;
      case "restart":
        if (this.#state.phase === "failed") this.#respawn();
        return;
      default:
    }
  }

  /** Gives the core's Worker the port of a media Worker. */
  attachMedia(session: string, port: MessagePort): void {
    this.#worker.postMessage({ t: "media", session, port }, [port]);
  }

  /** Takes nothing new, waits for what was accepted, and ends the Worker. */
  async stop(): Promise<void> {
    if (this.#calls.size > 0) {
      await within(DRAIN_TIMEOUT, (done) => {
        this.#draining = done;
      });
    }
    this.#draining = () => undefined;
    await within(CLOSE_TIMEOUT, (done) => {
      this.#closed = done;
      this.#worker.postMessage({ t: "close" }, []);
    });
    this.end();
  }

  /** Ends at once. */
  end(): void {
    this.#ended.abort();
    this.#worker.onmessage = null;
    this.#worker.onerror = null;
    this.#worker.terminate();
  }

  #spawn(): WorkerLike {
    const worker = this.#env.spawn();
    worker.onmessage = (event) => this.#receive(event.data);
    worker.onerror = () => this.#fail({ code: "core_unreachable" });
    return worker;
  }

  #call(from: string, id: string, method: string, args: string): void {
    this.#emit({ t: "accepted", from: this.#env.id, to: from, id });
    if (this.#state.phase === "failed") {
      this.#answer(from, id, { error: this.#state.error ?? { code: "core_stopped" } });
      return;
    }
    this.#calls.set(id, from);
    this.#worker.postMessage({ t: "call", id, method, args }, []);
  }

  #watch(from: string, key: string, view: string, params: string): void {
    const watched = this.#watched.get(key);
    if (watched !== undefined) {
      watched.tabs.add(from);
      if (watched.last !== undefined) this.#emit({ t: "snapshot", from: this.#env.id, key, value: watched.last });
      return;
    }
    this.#watched.set(key, { view, params, tabs: new Set([from]) });
    this.#worker.postMessage({ t: "watch", id: key, view, params }, []);
  }

  #unwatch(from: string, key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    watched.tabs.delete(from);
    if (watched.tabs.size > 0) return;
    this.#watched.delete(key);
    this.#worker.postMessage({ t: "unwatch", id: key }, []);
  }

  /** A tab that closes without a word leaves no watch behind. */
  #meet(tab: string): void {
    if (tab === this.#env.id || this.#tabs.has(tab)) return;
    this.#tabs.add(tab);
    this.#env.onTabGone(tab, this.#ended.signal, () => {
      this.#tabs.delete(tab);
      for (const key of this.#watched.keys()) this.#unwatch(tab, key);
    });
  }

  #receive(message: FromWorker): void {
    switch (message.t) {
      case "progress":
        // Counted on a copy of the stream: the last of it may come late.
        if (this.#state.phase !== "starting" && this.#state.phase !== "downloading") return;
        this.#become({ phase: "downloading", loaded: message.loaded, total: message.total });
        return;
      case "ready":
        this.#become({ phase: "ready", loaded: this.#state.loaded, total: this.#state.total });
        return;
      case "failed":
        this.#died(message.error);
        return;
      case "answer": {
        const tab = this.#calls.get(message.id);
        if (tab === undefined) return;
        this.#calls.delete(message.id);
        this.#answer(tab, message.id, "ok" in message ? { ok: message.ok } : { error: message.error });
        if (this.#calls.size === 0) this.#draining?.();
        return;
      }
      case "snapshot": {
        const watched = this.#watched.get(message.id);
        if (watched === undefined) return;
        watched.last = message.value;
        this.#emit({ t: "snapshot", from: this.#env.id, key: message.id, value: message.value });
        return;
      }
      case "live":
        this.#emit({ ...message, from: this.#env.id });
        return;
      case "closed":
        this.#closed?.();
        return;
    }
  }

  #died(error: Failure): void {
    const now = this.#env.now();
    this.#restarts = this.#restarts.filter((at) => now - at < RESTART_WINDOW);
    if (error.code === "core_stopped" && this.#restarts.length < RESTARTS) {
      this.#restarts.push(now);
      this.#respawn();
      return;
    }
    this.#fail(error);
  }

  #fail(error: Failure): void {
    this.#become({ phase: "failed", loaded: 0, total: 0, error });
    this.#rejectAll(error);
  }

  #respawn(): void {
    this.#worker.onmessage = null;
    this.#worker.onerror = null;
    this.#worker.terminate();
    this.#worker = this.#spawn();
    this.#become({ phase: "starting", loaded: 0, total: 0 });
    for (const [key, { view, params }] of this.#watched) this.#worker.postMessage({ t: "watch", id: key, view, params }, []);
    this.#rejectAll({ code: "interrupted" }); // after the new Worker: some will be asked again at once
  }

  #rejectAll(error: Failure): void {
    const open = [...this.#calls];
    this.#calls.clear();
    for (const [id, tab] of open) this.#answer(tab, id, { error });
    this.#draining?.();
  }

  #answer(to: string, id: string, result: { ok: string } | { error: Failure }): void {
    this.#emit({ t: "answer", from: this.#env.id, to, id, ...result });
  }

  #become(state: CoreState): void {
    this.#state = state;
    this.#emit({ t: "state", from: this.#env.id, state });
  }
}

/** Waits until `start`'s callback is called, at most so many milliseconds. */
function within(milliseconds: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
