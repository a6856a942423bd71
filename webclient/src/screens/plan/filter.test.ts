import { describe, expect, it } from "vitest";
import type { ActionView } from "../../core/types.gen";
import { isLate, performers, reordered, shown } from "./filter";

const action = (id: string, status: string, more: Partial<ActionView> = {}): ActionView => ({ action: id, rank: 0, text: id, performer: "p", performer_name: "Pons", mine: false, status, accepted_by: [], history: [], can_move: [], ...more });
const list = [action("a", "PROPOSED", { mine: true }), action("b", "DONE", { performer: "v", performer_name: "Vidal" }), action("c", "IN_PROGRESS", { can_accept: "PERSON" }), action("d", "NOT_DONE", { mine: true })];
const ids = (actions: readonly ActionView[]): string => actions.map((one) => one.action).join("");

describe("the plan's list", () => {
  it.each([
    ["open", "", "ac"],
    ["mine", "", "ac"],
    ["done", "", "bd"],
    ["all", "", "abcd"],
    ["all", "v", "b"],
  ] as const)("shows %s of %o", (show, performer, expected) => {
    expect(ids(shown(list, { show, performer }))).toBe(expected);
  });

  it("keeps what is not shown where it was when the shown are moved", () => {
    expect(reordered(["a", "b", "c", "d"], ["c", "a"])).toEqual(["c", "b", "a", "d"]);
    expect(reordered(["a", "b", "c", "d"], ["a", "b", "c", "d"])).toEqual(["a", "b", "c", "d"]);
  });

  it("knows who performs, once each and by name", () => {
    expect(performers(list, "fr")).toEqual([
      { id: "p", label: "Pons" },
      { id: "v", label: "Vidal" },
    ]);
  });

  it("is late only while something remains to be done", () => {
    expect(isLate(action("x", "ACCEPTED", { due: "2026-11-01" }), "2026-11-22")).toBe(true);
    expect(isLate(action("x", "DONE", { due: "2026-11-01" }), "2026-11-22")).toBe(false);
    expect(isLate(action("x", "ACCEPTED", { due: "2026-11-22" }), "2026-11-22")).toBe(false);
    expect(isLate(action("x", "ACCEPTED"), "2026-11-22")).toBe(false);
  });
});
