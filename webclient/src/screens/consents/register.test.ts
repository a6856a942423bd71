// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { ConsentRow, ConsentScope, RoomCard } from "../../core/types.gen";
import { overwriteGetLocale } from "../../paraglide/runtime.js";
import { prefer } from "../../state/preferences";
import { firstRooms } from "./GiveConsent";
import { endOfDay, historyLine, readsLine, scopeWords, withdrawable } from "./register";

beforeEach(() => {
  overwriteGetLocale(() => "fr");
  prefer({ locale: "fr" });
});

const scope = (title: string, state = "ACTIVE", more: Partial<ConsentScope> = {}): ConsentScope => ({ room: title, title, audience: "TEAM", state, number: 1, ...more });
const row = (scopes: ConsentScope[], consent = "ACTIVE"): ConsentRow => ({ party: { party: "p", name: "Yann", role: "NURSE", category: "CARE_TEAM", consent, rooms: [] }, scope: scopes, history: [], can_end: true, collector: false });

describe("what somebody reads", () => {
  it("is said by what stands now", () => {
    expect(readsLine(row([scope("DOSSIER"), scope("TEAM", "AWAITED")]))).toBe("Lit");
  });
  it("says that they will read while no device of theirs is in", () => {
    expect(readsLine(row([scope("TEAM", "AWAITED")], "AWAITED"))).toBe("Lira, à sa première connexion");
  });
  it("leaves out what was withdrawn or has expired", () => {
    expect(readsLine(row([scope("TEAM", "WITHDRAWN"), scope("PLAN", "EXPIRED")], "WITHDRAWN"))).toBe("Ne lit rien");
  });
  it("names each room in words, and until when", () => {
    expect(scopeWords(scope("TEAM"))).toBe("Fil de l’équipe");
    expect(scopeWords(scope(""))).toBe("Une conversation");
    expect(scopeWords(scope("TEAM", "ACTIVE", { expires: new Date(2026, 1, 10, 12).getTime() }))).toBe("Fil de l’équipe, jusqu’au 10 février 2026");
  });
  it("says that the person reads everything", () => {
    expect(readsLine(row([], "SELF"))).toBe("Lit tout\u00A0: c’est son dossier");
  });
});

describe("withdrawing", () => {
  it("offers what stands, whether or not they have come in", () => {
    expect(withdrawable(row([scope("a"), scope("b", "AWAITED"), scope("c", "WITHDRAWN")])).map((s) => s.room)).toEqual(["a", "b"]);
  });
});

describe("a line of the history", () => {
  it("says who agreed, how, on what ground, to what", () => {
    expect(historyLine({ at: 0, kind: "GIVEN", category: "ENTOURAGE", basis: "EXPRESS_CONSENT", given_by: "PERSON", by: "Camille", how: "ORAL", leaflet: "v3", rooms: ["PLAN"] })).toBe(
      "Accord donné par\u00A0: La personne elle-même. De vive voix. Accord exprès. Recueilli par Camille. Pour\u00A0: Plan personnalisé de santé. Document d’information v3 remis.",
    );
  });
  it("says who recorded a refusal, and who withdrew", () => {
    expect(historyLine({ at: 0, kind: "REFUSED", by: "Camille", rooms: [] })).toBe("Refusé par la personne. Noté par Camille.");
    expect(historyLine({ at: 0, kind: "WITHDRAWN", by: "Odette", rooms: [] })).toBe("Accord retiré par Odette.");
  });
});

describe("what is proposed first", () => {
  const card = (room: string, kind: string, audience: string): RoomCard => ({ room, case: "c", kind, title: "", audience, people: 1, unread: 0, mention: false, at: 0, state: "READY" });
  const rooms = [card("d", "DOSSIER", "TEAM"), card("p", "PLAN", "PLAN"), card("t", "THREAD", "TEAM"), card("f", "THREAD", "FAMILY"), card("i", "ITEM", "ITEM")];
  it("is what the category needs, without what they read already", () => {
    expect(firstRooms("CARE_TEAM", rooms, new Set(["d"]))).toEqual(["p", "t"]);
    expect(firstRooms("ENTOURAGE", rooms, new Set())).toEqual(["d", "p", "f"]);
    expect(firstRooms("GUEST", rooms, new Set())).toEqual([]);
  });
});

it("a last day counts whole", () => {
  expect(endOfDay("2026-02-10")).toBe(new Date(2026, 1, 10, 23, 59, 59, 999).getTime());
});
