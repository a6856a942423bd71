import { describe, expect, it } from "vitest";
import type { CoreToMedia, FromWorker, MediaToCore } from "./protocol";
import { CoreRuntime, toFailure, type GoCore, type Port } from "./runtime";

class FakeGo implements GoCore {
  live: (json: string, bytes?: Uint8Array) => void = () => undefined;
  readonly watching = new Map<number, string>();
  readonly called: string[] = [];
  #n = 0;
  ensembleCall(method: string, args: string): Promise<string> {
    this.called.push(`${method} ${args}`);
    if (method === "call.context") return Promise.resolve(JSON.stringify({ context: 41 + this.called.length }));
    return method === "bad" ? Promise.reject(new Error('{"code":"sealed","field":"text"}')) : Promise.resolve(args);
  }
  ensembleWatch(view: string, _: string, cb: (json: string) => void): number {
    this.#n += 1;
    this.watching.set(this.#n, view);
    cb(`"${view}"`);
    return this.#n;
  }
  ensembleUnwatch(n: number): void {
    this.watching.delete(n);
  }
  ensembleLive(cb: (json: string, bytes?: Uint8Array) => void): void {
    this.live = cb;
  }
}

function port(): Port & { sent: CoreToMedia[]; ask: (message: MediaToCore) => void } {
  const made = {
    sent: [] as CoreToMedia[],
    onmessage: null as Port["onmessage"],
    postMessage: (message: CoreToMedia) => {
      made.sent.push(message);
    },
    ask: (data: MediaToCore) => made.onmessage?.(new MessageEvent("message", { data })),
  };
  return made;
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
};

describe("the core's Worker", () => {
  it("answers calls, and turns Go's rejections into failures", async () => {
    const said: FromWorker[] = [];
    const runtime = new CoreRuntime(new FakeGo(), (m) => said.push(m));
    runtime.handle({ t: "call", id: "1", method: "echo", args: "{}" });
    runtime.handle({ t: "call", id: "2", method: "bad", args: "{}" });
    await settle();
    expect(said).toEqual([
      { t: "answer", id: "1", ok: "{}" },
      { t: "answer", id: "2", error: { code: "sealed", field: "text" } },
    ]);
  });

  it("watches and unwatches by the tab's name for it", () => {
    const go = new FakeGo();
    const said: FromWorker[] = [];
    const runtime = new CoreRuntime(go, (m) => said.push(m));
    runtime.handle({ t: "watch", id: "home null", view: "home", params: "null" });
    expect(said).toEqual([{ t: "snapshot", id: "home null", value: '"home"' }]);
    expect(go.watching.size).toBe(1);
    runtime.handle({ t: "unwatch", id: "home null" });
    expect(go.watching.size).toBe(0);
  });

  it("gives keys to the media Worker, never to a page, also when it comes later than the key", () => {
    const go = new FakeGo();
    const said: FromWorker[] = [];
    const runtime = new CoreRuntime(go, (m) => said.push(m));
    go.live('{"event":"keys","call":"c","epoch":3,"own_leaf":2}', new Uint8Array(16).fill(7));
    const media = port();
    runtime.attachMedia("s", media);
    go.live('{"event":"keys","call":"c","epoch":4,"own_leaf":2}', new Uint8Array(16).fill(8));
    expect(media.sent).toEqual([
      { t: "key", call: "c", epoch: 3, leaf: 2, baseKey: new Uint8Array(16).fill(7) },
      { t: "key", call: "c", epoch: 4, leaf: 2, baseKey: new Uint8Array(16).fill(8) },
    ]);
    expect(said).toEqual([]);
  });

  it("allocates each context from the core", async () => {
    const go = new FakeGo();
    const runtime = new CoreRuntime(go, () => undefined);
    const media = port();
    runtime.attachMedia("s1", media);
    media.ask({ t: "context", request: 1 });
    media.ask({ t: "context", request: 2 });
    await settle();
    expect(go.called).toEqual(['call.context {"session":"s1"}', 'call.context {"session":"s1"}']);
    expect(media.sent).toEqual([
      { t: "context", request: 1, context: 42 },
      { t: "context", request: 2, context: 43 },
    ]);
  });
});

describe("toFailure", () => {
  it.each([
    [{ code: "replay", extra: 1 }, { code: "replay" }],
    [new Error('{"code":"frozen","detail":"d"}'), { code: "frozen", detail: "d" }],
    ['{"code":"conflict"}', { code: "conflict" }],
    [new Error("panic"), { code: "internal", detail: "panic" }],
    ["what", { code: "internal", detail: "what" }],
  ])("reads %o", (thrown, failure) => {
    expect(toFailure(thrown)).toEqual(failure);
  });
});
