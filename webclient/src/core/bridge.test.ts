import { afterEach, describe, expect, it, vi } from "vitest";
import { Bridge, type ChannelLike, type LocksLike } from "./bridge";
import { CoreError } from "./errors";
import type { WorkerLike } from "./host";
import type { Broadcast, FromWorker, ToWorker } from "./protocol";

/** One browser: its locks, its channel, and every Worker that was started. */
class Browser {
  readonly workers: FakeWorker[] = [];
  readonly tabs: Bridge[] = [];
  #held = new Map<string, { queue: Array<() => void>; busy: boolean }>();
  #channels = new Set<{ deliver: (m: Broadcast) => void }>();

  readonly locks: LocksLike = {
    request: (name, options, held) =>
      new Promise((resolve, reject) => {
        const lock = this.#held.get(name) ?? { queue: [], busy: false };
        this.#held.set(name, lock);
        const run = (): void => {
          lock.busy = true;
          void Promise.resolve(held()).then((value) => {
            lock.busy = false;
            lock.queue.shift()?.();
            resolve(value);
          });
        };
        if (!lock.busy && lock.queue.length === 0) {
          lock.busy = true;
          queueMicrotask(run);
        } else {
          lock.queue.push(run);
          options.signal?.addEventListener("abort", () => {
            const at = lock.queue.indexOf(run);
            if (at < 0) return;
            lock.queue.splice(at, 1);
            reject(new DOMException("aborted", "AbortError"));
          });
        }
      }),
  };

  channel(): ChannelLike {
    const end: ChannelLike & { deliver: (m: Broadcast) => void } = {
      onmessage: null,
      deliver: (data) => end.onmessage?.(new MessageEvent("message", { data })),
      postMessage: (message) => {
        const copy = structuredClone(message);
        for (const other of this.#channels) if (other !== end) queueMicrotask(() => other.deliver(copy));
      },
      close: () => this.#channels.delete(end),
    };
    this.#channels.add(end);
    return end;
  }

  open(id: string): Bridge {
    const tab = new Bridge({
      id,
      locks: this.locks,
      channel: () => this.channel(),
      spawn: () => {
        const worker = new FakeWorker(id);
        this.workers.push(worker);
        return worker;
      },
      now: () => Date.now(),
    });
    this.tabs.push(tab);
    return tab;
  }

  get worker(): FakeWorker {
    const worker = this.workers.at(-1);
    if (worker === undefined) throw new Error("no Worker was started");
    return worker;
  }
}

/** A core that answers "echo" at once, leaves "slow" open, refuses "bad". */
class FakeWorker implements WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly got: ToWorker[] = [];
  terminated = false;
  readonly tab: string;
  constructor(tab: string) {
    this.tab = tab;
    queueMicrotask(() => this.say({ t: "ready" }));
  }
  postMessage(message: ToWorker): void {
    this.got.push(message);
    if (message.t === "close") this.say({ t: "closed" });
    if (message.t === "call" && message.method === "echo") this.say({ t: "answer", id: message.id, ok: message.args });
    if (message.t === "call" && message.method === "bad")
      this.say({ t: "answer", id: message.id, error: { code: "not_consented", detail: "no receipt" } });
    if (message.t === "watch") this.say({ t: "snapshot", id: message.id, value: `{"from":"${this.tab}"}` });
  }
  terminate(): void {
    this.terminated = true;
  }
  say(message: FromWorker): void {
    queueMicrotask(() => {
      if (!this.terminated) this.onmessage?.(new MessageEvent("message", { data: message }));
    });
  }
  calls(method: string): ToWorker[] {
    return this.got.filter((m) => m.t === "call" && m.method === method);
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
};

let browser: Browser;
function fresh(): Browser {
  browser = new Browser();
  return browser;
}
afterEach(() => {
  for (const tab of browser.tabs) tab.stop();
  vi.useRealTimers();
});

describe("a single tab", () => {
  it("leads, starts the core and is answered", async () => {
    const tab = fresh().open("a");
    await expect(tab.call("echo", '{"x":1}')).resolves.toBe('{"x":1}');
    expect(tab.leading).toBe(true);
    expect(tab.state.phase).toBe("ready");
    expect(browser.workers).toHaveLength(1);
  });

  it("gets the core's refusal as an error with its code", async () => {
    const tab = fresh().open("a");
    const error = await tab.call("bad", "null").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CoreError);
    expect(error).toMatchObject({ code: "not_consented", detail: "no receipt" });
  });

  it("shows how much of the core has come, until it is ready", async () => {
    const tab = fresh().open("a");
    const phases: string[] = [];
    tab.onState(() => phases.push(`${tab.state.phase} ${String(tab.state.loaded)}`));
    while (browser.workers.length === 0) await Promise.resolve();
    browser.worker.onmessage?.(new MessageEvent("message", { data: { t: "progress", loaded: 5, total: 10 } }));
    await settle();
    browser.worker.say({ t: "progress", loaded: 10, total: 10 });
    await settle();
    expect(phases.slice(-2)).toEqual(["downloading 5", "ready 5"]);
  });

  it("rejects what was open when the core stops, starts it again, and gives up after three times", async () => {
    const tab = fresh().open("a");
    await settle();
    const seen: string[] = [];
    tab.watch("home", "null", (json) => seen.push(json));
    const open = tab.call("slow", "null");
    browser.worker.say({ t: "failed", error: { code: "core_stopped" } });
    await expect(open).rejects.toMatchObject({ code: "interrupted" });
    expect(browser.workers).toHaveLength(2);
    expect(browser.worker.got).toContainEqual({ t: "watch", id: "home null", view: "home", params: "null" });
    for (let i = 0; i < 3; i += 1) {
      browser.worker.say({ t: "failed", error: { code: "core_stopped" } });
      await settle();
    }
    expect(tab.state).toMatchObject({ phase: "failed", error: { code: "core_stopped" } });
    await expect(tab.call("echo", "1")).rejects.toMatchObject({ code: "core_stopped" });
    tab.restart();
    await expect(tab.call("echo", "1")).resolves.toBe("1");
  });

  it("repeats by itself what may be asked twice", async () => {
    const tab = fresh().open("a");
    await settle();
    const open = tab.call("slow", "7", { retry: true });
    await settle();
    browser.worker.say({ t: "failed", error: { code: "core_stopped" } });
    await settle();
    const again = browser.worker.calls("slow")[0];
    if (again?.t !== "call") throw new Error("not repeated");
    browser.worker.say({ t: "answer", id: again.id, ok: "8" });
    await expect(open).resolves.toBe("8");
  });
});

describe("several tabs", () => {
  it("start one core and share it", async () => {
    const [a, b] = [fresh().open("a"), browser.open("b")];
    await expect(b.call("echo", "2")).resolves.toBe("2");
    expect(a.leading).toBe(true);
    expect(b.leading).toBe(false);
    expect(b.state.phase).toBe("ready");
    expect(browser.workers).toHaveLength(1);
  });

  it("run a command once, however early it was asked", async () => {
    fresh().open("a");
    const b = browser.open("b");
    await b.call("echo", "3");
    await settle();
    expect(browser.worker.calls("echo")).toHaveLength(1);
  });

  it("watch a view once between them, and a late tab gets the newest snapshot", async () => {
    const a = fresh().open("a");
    await settle();
    a.watch("home", "null", () => undefined);
    await settle();
    const b = browser.open("b");
    const seen: string[] = [];
    b.watch("home", "null", (json) => seen.push(json));
    await settle();
    expect(seen).toEqual(['{"from":"a"}']);
    expect(browser.worker.got.filter((m) => m.t === "watch")).toHaveLength(1);
  });

  it("stop watching when the last reader goes, also when its tab closes without a word", async () => {
    const a = fresh().open("a");
    const b = browser.open("b");
    await settle();
    const leave = a.watch("home", "null", () => undefined);
    b.watch("home", "null", () => undefined);
    await settle();
    leave();
    await settle();
    expect(browser.worker.got.filter((m) => m.t === "unwatch")).toHaveLength(0);
    b.stop();
    await settle();
    expect(browser.worker.got.filter((m) => m.t === "unwatch")).toHaveLength(1);
  });

  it("carry on when the leader closes: views return, unaccepted calls go out, accepted ones are rejected", async () => {
    const a = fresh().open("a");
    const b = browser.open("b");
    await settle();
    const seen: string[] = [];
    b.watch("home", "null", (json) => seen.push(json));
    const open = b.call("slow", "null");
    const outcome = open.catch((thrown: unknown) => thrown);
    await settle();
    a.stop();
    const early = b.call("echo", "4"); // nobody leads in this moment
    expect(await outcome).toMatchObject({ code: "interrupted" });
    await expect(early).resolves.toBe("4");
    expect(b.leading).toBe(true);
    expect(seen).toEqual(['{"from":"a"}', '{"from":"b"}']);
  });

  it("hear live events, with their bytes", async () => {
    fresh().open("a");
    const b = browser.open("b");
    await settle();
    const heard: Array<[string, Uint8Array | undefined]> = [];
    b.onLive((json, bytes) => heard.push([json, bytes]));
    browser.worker.say({ t: "live", json: '{"event":"coedit"}', bytes: new Uint8Array([1, 2]) });
    await settle();
    expect(heard).toEqual([['{"event":"coedit"}', new Uint8Array([1, 2])]]);
  });
});

describe("asking to lead", () => {
  it("passes the core to the tab that asks, before others that wait longer", async () => {
    const a = fresh().open("a");
    browser.open("b");
    const c = browser.open("c");
    await settle();
    const held = await c.lead();
    expect(c.leading).toBe(true);
    expect(a.leading).toBe(false);
    expect(browser.workers.map((w) => [w.tab, w.terminated])).toEqual([
      ["a", true],
      ["c", false],
    ]);
    await expect(a.call("echo", "5")).resolves.toBe("5");
    held();
  });

  it("lets the old core finish what it has accepted", async () => {
    const a = fresh().open("a");
    const b = browser.open("b");
    await settle();
    const open = a.call("slow", "null");
    await settle();
    const asked = b.lead();
    await settle();
    const first = browser.workers[0]?.calls("slow")[0];
    if (first?.t !== "call") throw new Error("not asked");
    browser.workers[0]?.say({ t: "answer", id: first.id, ok: '"done"' });
    await expect(open).resolves.toBe('"done"');
    await asked;
    expect(b.leading).toBe(true);
  });

  it("is refused while another tab holds the lead, and granted after", async () => {
    const a = fresh().open("a");
    const b = browser.open("b");
    await settle();
    const release = await a.lead();
    await expect(b.lead()).rejects.toMatchObject({ code: "busy_elsewhere" });
    release();
    await b.lead();
    expect(b.leading).toBe(true);
    expect(() => a.mediaPort("s")).toThrow(CoreError);
  });
});
