// @vitest-environment happy-dom
import { act, createElement } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Bridge } from "./bridge";
import { replaceBridge } from "./client";
import { forgetForm, keepForm, useKept } from "./forms";

/** What the core holds. */
let held: Map<string, string>;
let writes: number;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  vi.useFakeTimers();
  held = new Map();
  writes = 0;
  replaceBridge({
    call: (method: string, args: string) => {
      const { form, text } = JSON.parse(args) as { form: string; text: string };
      if (method === "form.read") return Promise.resolve(JSON.stringify({ text: held.get(form) ?? "" }));
      writes += 1;
      held.set(form, text);
      return Promise.resolve("null");
    },
  } as unknown as Bridge);
});
afterEach(() => void vi.useRealTimers());

async function kept(form: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  function Probe(): null {
    seen.push(useKept(form));
    return null;
  }
  const root = createRoot(document.createElement("div"));
  // oxlint-disable-next-line typescript/require-await -- act waits only for what is asynchronous
  await act(async () => root.render(createElement(Probe)));
  act(() => root.unmount());
  return seen;
}

it("gives back what was entered, and nothing once it was sent", async () => {
  expect(await kept("case-new")).toEqual([undefined, null]);
  keepForm("case-new", { words: "Rester chez moi" });
  vi.runAllTimers();
  expect(await kept("case-new")).toEqual([undefined, { words: "Rester chez moi" }]);
  forgetForm("case-new");
  expect(await kept("case-new")).toEqual([undefined, null]);
});

it("writes once for many keys pressed, and at once when the tab goes away", () => {
  for (const words of ["R", "Re", "Res"]) keepForm("case-new", { words });
  expect(writes).toBe(0);
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
  expect([writes, held.get("case-new")]).toEqual([1, '{"words":"Res"}']);
  vi.runAllTimers();
  expect(writes).toBe(1);
});

it("writes nothing more after it was given up", () => {
  keepForm("case-new", { words: "R" });
  forgetForm("case-new");
  vi.runAllTimers();
  expect(held.get("case-new")).toBe("");
});
