// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { Work } from "../../core/types.gen";
import { overwriteGetLocale } from "../../paraglide/runtime.js";
import { prefer } from "../../state/preferences";
import { greetingName, mayJoin, tell } from "./work";

const TODAY = "2026-01-14";
const work = (kind: string, more: Partial<Work> = {}): Work => ({ kind, case: "case", person: "Odette Marchal", room: "room", session: "", target: "", title: "Déposer le dossier APA", at: 0, ...more });

beforeEach(() => {
  overwriteGetLocale(() => "fr");
  prefer({ locale: "fr" });
});

describe("one thing that waits", () => {
  it.each([
    ["ANSWER_INVITATION", { session: "s" }, "/session/s"],
    ["GIVE_OPINION", { session: "s" }, "/session/s"],
    ["SIGN_MINUTES", { session: "s" }, "/session/s/minutes/room"],
    ["ACCEPT_ACTION", {}, "/case/case/plan"],
    ["ACCEPT_ACTION_FOR_PERSON", {}, "/case/case/plan"],
    ["ACTION_DUE", {}, "/case/case/plan"],
    ["READ_MENTION", { target: "m" }, "/room/room?at=m"],
    ["FEW_COLLECTORS", {}, "/case/case/consents"],
    ["SOMETHING_NEWER", {}, "/case/case"],
  ])("%s leads to where it is done", (kind, more, href) => {
    expect(tell(work(kind, more), TODAY).href).toBe(href);
  });

  it("is told in plain words with what it is about", () => {
    expect(tell(work("ACTION_DUE"), TODAY).text).toBe("À faire\u00A0: Déposer le dossier APA");
  });

  it.each([
    ["2026-01-15", "pour demain", false],
    ["2026-01-14", "pour aujourd’hui", false],
    ["2026-01-13", "était pour hier", true],
  ])("due %s says so", (due, words, late) => {
    const told = tell(work("ACTION_DUE", { due }), TODAY);
    expect(told.due).toBe(words);
    expect(told.late).toBe(late);
  });

  it("without a day says none", () => {
    expect(tell(work("ACTION_DUE"), TODAY).due).toBeUndefined();
  });
});

describe("joining a meeting", () => {
  const starts = Date.parse("2026-01-14T13:00:00Z");
  const minute = 60_000;
  it.each([
    ["eleven minutes before", "PLANNED", -11, false],
    ["ten minutes before", "PLANNED", -10, true],
    ["while it lasts", "PLANNED", 44, true],
    ["after its time", "PLANNED", 45, false],
    ["an hour early, with the lobby open", "OPEN", -60, true],
    ["long after its time, still running", "RUNNING", 90, true],
    ["once it is closed", "CLOSED", 5, false],
  ])("%s", (_, status, minutes, may) => {
    expect(mayJoin({ starts, minutes: 45, status }, starts + minutes * minute)).toBe(may);
  });
});

describe("greeting", () => {
  it.each([
    ["Camille Renaud", "Camille"],
    ["Dr Antoine Vidal", "Dr Vidal"],
    ["Mme Pons", "Mme Pons"],
    ["Odette", "Odette"],
    ["", ""],
  ])("%j as %j", (name, greeted) => {
    expect(greetingName(name)).toBe(greeted);
  });
});
