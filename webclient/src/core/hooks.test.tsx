// @vitest-environment happy-dom
import { act, createElement, type ReactElement } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Bridge } from "./bridge";
import { call, replaceBridge } from "./client";
import { useAction, useCoreState, useView } from "./hooks";
import type { FromWorker, ToWorker } from "./protocol";

/** A core whose one view is pushed by the test. */
class Worker {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror = null;
  readonly got: ToWorker[] = [];
  postMessage(message: ToWorker): void {
    this.got.push(message);
    if (message.t === "call") this.say({ t: "answer", id: message.id, error: { code: "frozen" } });
  }
  terminate(): void {
    this.onmessage = null;
  }
  say(message: FromWorker): void {
    this.onmessage?.(new MessageEvent("message", { data: message }));
  }
}

let worker: Worker;
let bridge: Bridge;
let root: Root;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  vi.useFakeTimers();
  worker = new Worker();
  bridge = new Bridge({
    id: "a",
    locks: { request: (name, _, held) => (name === "ensemble-core" ? Promise.resolve().then(held) : new Promise(() => undefined)) },
    channel: () => ({ postMessage: () => undefined, onmessage: null, close: () => undefined }),
    spawn: () => worker,
    now: () => 0,
  });
  replaceBridge(bridge);
  root = createRoot(document.createElement("div"));
});
afterEach(async () => {
  await settled(() => root.unmount());
  vi.runAllTimers(); // views are let go
  bridge.stop();
  vi.useRealTimers();
});

/** Does it, and waits for what React makes of it. */
// oxlint-disable-next-line typescript/require-await -- act waits only for what is asynchronous
const settled = (work: () => unknown): Promise<void> => act(async () => void work());
const show = (Probe: () => ReactElement | null): Promise<void> => settled(() => root.render(createElement(Probe)));
const say = (message: FromWorker): Promise<void> => settled(() => worker.say(message));

it("shows a view as it comes, keeps what did not change, and lets it go a moment after its last reader", async () => {
  const seen: unknown[] = [];
  function Probe(): null {
    const agenda = useView("agenda");
    seen.push(agenda.state === "ready" ? agenda.value.meetings : agenda.state);
    return null;
  }
  await show(Probe);
  const id = "agenda null";
  await say({ t: "snapshot", id, value: '{"meetings":[]}' });
  const meetings = seen.at(-1);
  const draws = seen.length;
  await say({ t: "snapshot", id, value: '{"meetings": []}' });
  expect(seen).toHaveLength(draws); // equal: nothing is drawn again
  expect(seen[0]).toBe("loading");
  expect(meetings).toEqual([]);
  await say({ t: "snapshot", id, value: '{"error":{"code":"not_member"}}' });
  expect(seen.at(-1)).toBe("error");

  await settled(() => root.render(null));
  expect(worker.got.filter((m) => m.t === "unwatch")).toHaveLength(0);
  await settled(() => vi.runAllTimers());
  expect(worker.got.filter((m) => m.t === "unwatch")).toEqual([{ t: "unwatch", id }]);
});

it("watches by name and parameters, with the generated types", async () => {
  function Probe(): null {
    useView("room", { room: "r1" });
    return null;
  }
  await show(Probe);
  expect(worker.got).toContainEqual({ t: "watch", id: 'room {"room":"r1"}', view: "room", params: '{"room":"r1"}' });
});

it("keeps the error of an action, and clears it when it is tried again", async () => {
  let action: ReturnType<typeof useAction<[]>> | undefined;
  function Probe(): null {
    action = useAction(() => call("room.typing", { room: "r" }));
    return null;
  }
  await show(Probe);
  let done: boolean | undefined;
  await act(async () => {
    done = await action?.run();
  });
  expect(done).toBe(false);
  expect(action).toMatchObject({ busy: false, error: { code: "frozen" } });
  await settled(() => action?.clear());
  expect(action?.error).toBeUndefined();
});

it("says how the core stands", async () => {
  const phases: string[] = [];
  function Probe(): null {
    phases.push(useCoreState().phase);
    return null;
  }
  await show(Probe);
  await say({ t: "progress", loaded: 1, total: 2 });
  await say({ t: "ready" });
  expect(phases.slice(-2)).toEqual(["downloading", "ready"]);
});
