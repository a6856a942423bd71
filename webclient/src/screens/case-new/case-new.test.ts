// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { CoreError } from "../../core/errors";
import type { PartyFields, RoomCard } from "../../core/types.gen";
import { roomsFor } from "./create";
import { begun, change, discard, entering, lacks, useDraftCase, type Around, type Said } from "./draft";
import { wrongField } from "./IdentityForm";
import { lookAtINS } from "./ins";
import { fromDirectory } from "./StepCircle";

describe("a first look at an INS", () => {
  it.each([
    ["238059999900106", "fits"],
    ["2 38 05 99 999 001 06", "fits"],
    ["154072A99900406", "fits"],
    ["266122b99900556", "fits"],
    ["238059999900100", "wrong"],
    ["23805999990010X", "wrong"],
    ["2380599999001067", "long"],
    ["", "none"],
  ])("%j %s", (typed, state) => {
    expect(lookAtINS(typed).state).toBe(state);
  });

  it("says how much is missing", () => {
    expect(lookAtINS("23805")).toEqual({ state: "short", missing: 10 });
  });
});

const around = (said: Said, more: Partial<PartyFields> = {}): Around => ({ key: said, said, party: { party: "u", name: "x", role: "NURSE", category: "CARE_TEAM", ...more } });

describe("who is let in at once", () => {
  it("are those who agree, have an account and are no guests", () => {
    expect(entering([around("GIVE"), around("LATER"), around("REFUSE"), around("GIVE", { party: "" }), around("GIVE", { category: "GUEST" })])).toHaveLength(1);
  });

  it("read what their category needs, and no more", () => {
    const card = (room: string, kind: string): RoomCard => ({ room, case: "c", kind, title: "", audience: "", people: 1, unread: 0, mention: false, at: 0, state: "READY" });
    const register = { case: "c", rooms: [card("d", "DOSSIER"), card("p", "PLAN"), card("t", "THREAD"), card("i", "ITEM")] };
    expect(roomsFor("CARE_TEAM", register)).toEqual(["d", "p", "t"]);
    expect(roomsFor("ENTOURAGE", register)).toEqual(["d", "p"]);
  });

  it("from the directory come with the usual category of their role", () => {
    expect(fromDirectory({ user: "h", name: "Hélène", role: "DAUGHTER", kind: "RELATED" })).toEqual({ party: "h", name: "Hélène", role: "DAUGHTER", category: "ENTOURAGE" });
    expect(fromDirectory({ user: "v", name: "Dr Vidal", role: "GENERAL_PRACTITIONER", kind: "PROFESSIONAL", organisation: "MSP" }).attending).toBe(true);
  });
});

describe("a draft", () => {
  beforeEach(discard);

  it("lacks a name, then a birth date, then nothing", () => {
    const now = (): ReturnType<typeof lacks> => lacks(useDraftCase.getState(), "person");
    expect(now()).toBe("name");
    change({ person: { family_name: "Marchal", given_name: "Odette", birth_date: "", user: "" } });
    expect(now()).toBe("birth");
    change({ person: { family_name: "Marchal", given_name: "Odette", birth_date: "1938-05-17", user: "" } });
    expect(now()).toBeUndefined();
  });

  it("does not go past the information that was not given", () => {
    expect(lacks(useDraftCase.getState(), "leaflet")).toBe("informed");
    change({ informed: true });
    expect(lacks(useDraftCase.getState(), "leaflet")).toBeUndefined();
  });

  it("is nothing to lose until something was entered, and is forgotten when discarded", () => {
    expect(begun(useDraftCase.getState())).toBe(false);
    change({ words: "Je veux rester chez moi" });
    expect(begun(useDraftCase.getState())).toBe(true);
    discard();
    expect(begun(useDraftCase.getState())).toBe(false);
  });
});

describe("what the core refuses", () => {
  it.each([
    [{ code: "invalid", field: "ins" }, "ins"],
    [{ code: "invalid", field: "person.family_name" }, "family_name"],
    [{ code: "invalid", field: "party.name" }, undefined],
    [{ code: "unavailable" }, undefined],
  ])("%j is shown at %s", (failure, field) => {
    expect(wrongField(new CoreError(failure))).toBe(field);
  });
});
