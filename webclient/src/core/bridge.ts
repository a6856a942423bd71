/**
 * A tab's way to the core. One tab of the origin leads (Web Locks elect it) and
 * hosts the core's Worker; the others follow and talk to it over a
 * BroadcastChannel. To the caller both are alike: {@link Bridge.call},
 * {@link Bridge.watch}, {@link Bridge.onLive}.
 *
 * When the leader closes, the next in the lock's queue starts a core of its own
 * and every tab sends it again what it watches, what was never accepted, and what
 * may be repeated. A call that the old leader had accepted and not answered is
 * rejected with `interrupted`: it may have been done or not, and only its caller
 * knows whether asking twice does harm. Commands whose effect is durable in the
 * core's outbox are answered within a frame, so this is rare.
 */
import { CoreError } from "./errors";
import { Host, type HostEnv } from "./host";
import type { Broadcast, CoreState } from "./protocol";

export interface ChannelLike {
  postMessage(message: Broadcast): void;
  onmessage: ((event: MessageEvent<Broadcast>) => void) | null;
  close(): void;
}

export interface LocksLike {
  request(name: string, options: { signal?: AbortSignal }, held: () => Promise<void> | void): Promise<unknown>;
}

export interface BridgeEnv extends Omit<HostEnv, "onTabGone"> {
  readonly locks: LocksLike;
  channel(): ChannelLike;
}

export interface CallOptions {
  /** Asking twice does no harm: repeat it when the core was interrupted. */
  readonly retry?: boolean;
}

interface Pending {
  readonly method: string;
  readonly args: string;
  readonly retry: boolean;
  accepted: boolean;
  attempts: number;
  readonly resolve: (json: string) => void;
  readonly reject: (error: CoreError) => void;
}

interface Watch {
  readonly view: string;
  readonly params: string;
  readonly listeners: Set<(json: string) => void>;
  last?: string;
}

const CORE_LOCK = "ensemble-core";
const tabLock = (tab: string): string => `ensemble-tab-${tab}`;
/** How long others stand aside for a tab that asked to lead. */
const STAND_ASIDE = 3_000;
const LEAD_TIMEOUT = 9_000;
const LEAD_ATTEMPTS = 3;

export class Bridge {
  readonly #env: BridgeEnv;
  readonly #channel: ChannelLike;
  readonly #pending = new Map<string, Pending>();
  readonly #watches = new Map<string, Watch>();
  readonly #lives = new Set<(json: string, bytes?: Uint8Array) => void>();
  readonly #stateListeners = new Set<() => void>();
  readonly #stopped = new AbortController();
  #state: CoreState = { phase: "waiting", loaded: 0, total: 0 };
  #host: Host | undefined;
  #release: (() => void) | undefined;
  #leader: string | undefined;
  #queued: AbortController | undefined;
  #yielding = false;
  #pins = 0;
  #calls = 0;
  #asking: { done: () => void; refused: () => void; again: () => void } | undefined;

  constructor(env: BridgeEnv) {
    this.#env = env;
    this.#channel = env.channel();
    this.#channel.onmessage = (event) => this.#receive(event.data);
    // Held for the tab's life: the leader learns by it that the tab is gone.
    void env.locks.request(tabLock(env.id), {}, () => untilAborted(this.#stopped.signal)).catch(() => undefined);
    this.#queue();
    this.#channel.postMessage({ t: "hello", from: env.id });
  }

  /** How the core stands; the same object until it changes. */
  get state(): CoreState {
    return this.#state;
  }
  get leading(): boolean {
    return this.#host !== undefined;
  }
  onState(listener: () => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** A command. Arguments and result are JSON. Rejects with a {@link CoreError}. */
  call(method: string, args: string, options: CallOptions = {}): Promise<string> {
    if (this.#stopped.signal.aborted) return Promise.reject(new CoreError({ code: "interrupted" }));
    this.#calls += 1;
    const id = `${this.#env.id}:${String(this.#calls)}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, args, retry: options.retry ?? false, accepted: false, attempts: 0, resolve, reject });
      this.#sendCall(id);
    });
  }

  /** A view: `listener` gets whole snapshots until the returned function is called. */
  watch(view: string, params: string, listener: (json: string) => void): () => void {
    const key = `${view} ${params}`;
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      watch = { view, params, listeners: new Set() };
      this.#watches.set(key, watch);
      this.#send({ t: "watch", from: this.#env.id, key, view, params });
    } else if (watch.last !== undefined) {
      listener(watch.last);
    }
    const entry = watch;
    entry.listeners.add(listener);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0 || this.#watches.get(key) !== entry) return;
      this.#watches.delete(key);
      this.#send({ t: "unwatch", from: this.#env.id, key });
    };
  }

  /** What is not a state: typing, co-editing, signalling. */
  onLive(listener: (json: string, bytes?: Uint8Array) => void): () => void {
    this.#lives.add(listener);
    return () => this.#lives.delete(listener);
  }

  /**
   * Makes this tab lead, and keeps it so until the returned function is called:
   * a call's keys pass from the core's Worker to the media Worker of one tab.
   * Rejects with `busy_elsewhere` when another tab holds the lead.
   */
  async lead(): Promise<() => void> {
    for (let attempt = 0; !this.leading && attempt < LEAD_ATTEMPTS; attempt += 1) {
      const outcome = await this.#ask();
      if (outcome === "refused") break;
    }
    if (!this.leading) throw new CoreError({ code: "busy_elsewhere" });
    this.#pins += 1;
    let held = true;
    return () => {
      if (held) this.#pins -= 1;
      held = false;
    };
  }

  /** A port to the core's Worker, for the media Worker. Only while leading. */
  mediaPort(session: string): MessagePort {
    if (this.#host === undefined) throw new CoreError({ code: "busy_elsewhere" });
    const { port1, port2 } = new MessageChannel();
    this.#host.attachMedia(session, port1);
    return port2;
  }

  /** Starts the core again after a failure. */
  restart(): void {
    this.#send({ t: "restart", from: this.#env.id });
  }

  stop(): void {
    this.#stopped.abort();
    this.#queued?.abort();
    this.#host?.end();
    this.#host = undefined;
    this.#release?.();
    this.#channel.close();
    for (const pending of this.#pending.values()) pending.reject(new CoreError({ code: "interrupted" }));
    this.#pending.clear();
  }

  // --- leading ---

  #queue(): void {
    if (this.#queued !== undefined || this.#stopped.signal.aborted) return;
    const queued = new AbortController();
    this.#queued = queued;
    this.#env.locks
      .request(CORE_LOCK, { signal: queued.signal }, () => this.#take())
      .catch(() => undefined) // aborted, to stand aside
      .finally(() => {
        if (this.#queued === queued) this.#queued = undefined;
      });
  }

  #take(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    const held = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    const host = new Host(
      { ...this.#env, onTabGone: (tab, signal, gone) => this.#onTabGone(tab, signal, gone), spawn: () => this.#env.spawn(), now: () => this.#env.now() },
      (message) => this.#emit(message),
    );
    this.#host = host;
    this.#leader = undefined;
    this.#emit({ t: "leading", from: this.#env.id, state: host.state });
    this.#asking?.done();
    return held;
  }

  #onTabGone(tab: string, signal: AbortSignal, gone: () => void): void {
    this.#env.locks.request(tabLock(tab), { signal }, gone).catch(() => undefined);
  }

  async #yieldTo(tab: string): Promise<void> {
    const host = this.#host;
    if (host === undefined) {
      if (this.#asking === undefined) this.#standAside();
      return;
    }
    if (this.#pins > 0) {
      this.#channel.postMessage({ t: "refused", from: this.#env.id, to: tab });
      return;
    }
    if (this.#yielding) return;
    this.#yielding = true;
    await host.stop();
    this.#yielding = false;
    this.#host = undefined;
    this.#leader = undefined;
    this.#become({ phase: "waiting", loaded: 0, total: 0 });
    this.#release?.();
    this.#queued = undefined;
    setTimeout(() => this.#queue(), STAND_ASIDE);
  }

  /** Leaves the lock's queue, so that the tab that asked comes first, and joins it again. */
  #standAside(): void {
    this.#queued?.abort();
    this.#queued = undefined;
    setTimeout(() => this.#queue(), STAND_ASIDE);
  }

  async #ask(): Promise<"done" | "refused" | "again"> {
    this.#queue();
    const outcome = new Promise<"done" | "refused" | "again">((resolve) => {
      const timer = setTimeout(() => resolve("again"), LEAD_TIMEOUT);
      const end = (how: "done" | "refused" | "again") => (): void => {
        clearTimeout(timer);
        resolve(how);
      };
      this.#asking = { done: end("done"), refused: end("refused"), again: end("again") };
      this.#channel.postMessage({ t: "yield", from: this.#env.id });
    });
    try {
      return await outcome;
    } finally {
      this.#asking = undefined;
    }
  }

  // --- messages ---

  /** From this tab to whoever leads. */
  #send(message: Broadcast): void {
    // Nobody leads yet: calls and watches go out when somebody does.
    if (this.#stopped.signal.aborted || this.#leader === undefined) return;
    if (this.#host === undefined) this.#channel.postMessage(message);
    else this.#host.handle(message);
  }

  /** From this tab's host to whom it concerns. */
  #emit(message: Broadcast): void {
    if (this.#stopped.signal.aborted) return;
    const mine = "to" in message && message.to === this.#env.id;
    if (!mine) this.#channel.postMessage(message);
    if (mine || !("to" in message)) this.#receive(message);
  }

  #receive(message: Broadcast): void {
    if (this.#stopped.signal.aborted || ("to" in message && message.to !== this.#env.id)) return;
    switch (message.t) {
      case "hello":
        if (this.#host !== undefined) this.#channel.postMessage({ t: "leading", from: this.#env.id, state: this.#host.state });
        return;
      case "leading":
        this.#follow(message.from, message.state);
        return;
      case "state":
        if (message.from === this.#leader) this.#become(message.state);
        return;
      case "accepted": {
        const pending = this.#pending.get(message.id);
        if (pending !== undefined) pending.accepted = true;
        return;
      }
      case "answer":
        this.#answer(message);
        return;
      case "snapshot": {
        const watch = this.#watches.get(message.key);
        if (watch === undefined || watch.last === message.value) return;
        watch.last = message.value;
        for (const listener of watch.listeners) listener(message.value);
        return;
      }
      case "live":
        for (const listener of this.#lives) listener(message.json, message.bytes);
        return;
      case "yield":
        void this.#yieldTo(message.from);
        return;
      case "refused":
        this.#asking?.refused();
        return;
      case "call":
      case "watch":
      case "unwatch":
      case "restart":
        this.#host?.handle(message);
        return;
    }
  }

  #follow(leader: string, state: CoreState): void {
    if (this.#leader === leader) {
      this.#become(state);
      return;
    }
    this.#leader = leader;
    if (leader !== this.#env.id) this.#asking?.again();
    this.#become(state);
    for (const [key, { view, params }] of this.#watches) this.#send({ t: "watch", from: this.#env.id, key, view, params });
    for (const [id, pending] of this.#pending) {
      if (pending.accepted && !pending.retry) {
        this.#pending.delete(id);
        pending.reject(new CoreError({ code: "interrupted" }));
      } else this.#sendCall(id);
    }
  }

  #sendCall(id: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.accepted = false;
    pending.attempts += 1;
    this.#send({ t: "call", from: this.#env.id, id, method: pending.method, args: pending.args });
  }

  #answer(message: Extract<Broadcast, { t: "answer" }>): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.error?.code === "interrupted" && pending.retry && pending.attempts < 3) {
      this.#sendCall(message.id);
      return;
    }
    this.#pending.delete(message.id);
    if (message.error === undefined) pending.resolve(message.ok ?? "null");
    else pending.reject(new CoreError(message.error));
  }

  #become(state: CoreState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
