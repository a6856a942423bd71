// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { RoomItem } from "../../core/types.gen";
import { countAfter, hasReadAll, lastOfMine, linesOf, newestSeq, readUntil } from "./timeline";

const ZONE = "Europe/Paris";
const MORNING = Date.parse("2026-01-14T08:00:00Z");
const MINUTE = 60_000;

const item = (seq: number, more: Partial<RoomItem> = {}): RoomItem => ({
  id: `i${String(seq)}`, seq, at: MORNING + seq * MINUTE, by: "vidal", name: "Dr Vidal", mine: false, kind: "MESSAGE", text: `t${String(seq)}`,
  mentions: [], edited: [], retracted: false, delivery: "SENT", read_by: [], ...more,
});
const kinds = (items: RoomItem[], after = 0): string[] =>
  linesOf(items, after, ZONE).map((line) => (line.kind === "said" ? `${line.first ? "first" : "then"} ${line.item.id}` : line.kind === "told" ? `told ${String(line.items.length)}` : line.kind));

describe("the lines of a conversation", () => {
  it("begin each civil day of the reader's zone with the day", () => {
    const late = item(2, { at: Date.parse("2026-01-14T23:30:00Z") }); // half past midnight in Paris
    expect(kinds([item(1), late])).toEqual(["day", "first i1", "day", "first i2"]);
  });

  it("draw what one person says within five minutes together, and name them anew after that", () => {
    expect(kinds([item(1), item(2), item(3, { at: MORNING + 20 * MINUTE }), item(4, { by: "pons", at: MORNING + 21 * MINUTE })])).toEqual(["day", "first i1", "then i2", "first i3", "first i4"]);
  });

  it("name the author again after somebody came", () => {
    expect(kinds([item(1), item(2, { kind: "JOINED" }), item(3)])).toEqual(["day", "first i1", "told 1", "first i3"]);
  });

  it("tell comings and goings that follow each other in one line, and a withdrawal always in its own", () => {
    expect(kinds([item(1, { kind: "CONSENT_GIVEN" }), item(2, { kind: "JOINED" }), item(3, { kind: "CONSENT_WITHDRAWN" }), item(4, { kind: "CONSENT_WITHDRAWN" }), item(5, { kind: "LEFT" })])).toEqual(["day", "told 2", "told 1", "told 1", "told 1"]);
  });

  it("draw the unread line before the first row of others that I had not read", () => {
    expect(kinds([item(1), item(2, { mine: true, by: "me" }), item(3)], 1)).toEqual(["day", "first i1", "first i2", "unread", "first i3"]);
  });

  it("draw no unread line for somebody who never read, nor for what waits in the outbox", () => {
    expect(kinds([item(1)], 0)).not.toContain("unread");
    expect(kinds([item(1), item(0, { mine: true, by: "me", id: "mine" })], 1)).not.toContain("unread");
  });
});

describe("reading", () => {
  it("knows the newest sequence number, whatever waits in the outbox", () => {
    expect(newestSeq([item(4), item(7), item(0)])).toBe(7);
    expect(newestSeq([])).toBe(0);
  });

  it("counts messages of others only", () => {
    expect(countAfter([item(1), item(2), item(3, { mine: true }), item(4, { kind: "JOINED" }), item(5)], 1)).toBe(2);
  });

  it("says that somebody has read all when only their own words lie beyond their cursor", () => {
    const items = [item(1), item(2, { by: "pons" })];
    expect(hasReadAll(items, { user: "pons", cursor: 1 })).toBe(true);
    expect(hasReadAll(items, { user: "aydin", cursor: 1 })).toBe(false);
  });

  it("says until when somebody has read, and nothing when they have not begun", () => {
    expect(readUntil([item(1), item(2)], 1)).toBe(item(1).at);
    expect(readUntil([item(5)], 3)).toBeUndefined();
  });
});

describe("editing what I said last", () => {
  it("finds my newest message that is sent, not retracted, and is a message", () => {
    const mine = { mine: true, by: "me" };
    expect(lastOfMine([item(1, mine), item(2, { ...mine, retracted: true }), item(3, { ...mine, kind: "DOCUMENT" }), item(0, { ...mine, delivery: "SENDING" })])?.id).toBe("i1");
    expect(lastOfMine([item(1)])).toBeUndefined();
  });
});
