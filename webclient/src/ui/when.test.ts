// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { applyPreferences, prefer } from "../state/preferences";
import { ageOn, civilDate, dayWords, timeOfDay, when, whenShort } from "./when";

const PARIS = "Europe/Paris";
const at = (text: string): number => Date.parse(text);
/** Wednesday 14 January 2026, 10:00 in Paris. */
const NOW = at("2026-01-14T09:00:00Z");
/** What is read, whichever spaces keep an hour on its line. */
const read = (text: string): string => text.replaceAll(/\s/g, " ");

beforeEach(() => {
  applyPreferences();
  prefer({ locale: "fr" });
});

describe("in French", () => {
  it.each([
    ["2026-01-14T13:00:00Z", "aujourd’hui à 14 h"],
    ["2026-01-15T13:00:00Z", "demain à 14 h"],
    ["2026-01-13T08:05:00Z", "hier à 9 h 05"],
    ["2026-01-17T13:30:00Z", "samedi à 14 h 30"],
    ["2026-01-28T13:30:00Z", "mercredi 28 janvier à 14 h 30"],
    ["2026-01-09T13:00:00Z", "vendredi 9 janvier à 14 h"],
    ["2027-02-01T13:00:00Z", "lundi 1 février 2027 à 14 h"],
    ["2026-01-14T23:30:00Z", "demain à 0 h 30"],
  ])("%s is %s", (instant, words) => {
    // A zone that is not the machine's is named; only the words before it count here.
    expect(read(when(at(instant), NOW, PARIS)).replace(/ \(.*\)$/, "")).toBe(words);
  });

  it("says the zone when it is not the reader's", () => {
    expect(read(when(at("2026-01-15T13:00:00Z"), NOW, "Indian/Reunion"))).toMatch(/^demain à 17 h \(.*Réunion.*\)$/);
    expect(when(at("2026-01-15T13:00:00Z"), NOW, Intl.DateTimeFormat().resolvedOptions().timeZone)).not.toContain("(");
  });
});

it("never breaks a line inside an hour", () => {
  expect(timeOfDay(at("2026-01-15T08:05:00Z"), PARIS)).toBe("9\u00A0h\u00A005");
});

describe("in English", () => {
  beforeEach(() => prefer({ locale: "en" }));
  it("says days and hours the English way", () => {
    expect(when(at("2026-01-15T13:00:00Z"), NOW, PARIS)).toMatch(/^tomorrow at 14:00/);
    expect(timeOfDay(at("2026-01-15T08:05:00Z"), PARIS)).toBe("9:05");
    expect(dayWords("2026-01-28", "2026-01-14")).toBe("Wednesday 28 January");
  });
});

it("puts a day where it is in its zone", () => {
  expect(civilDate(at("2026-01-14T23:30:00Z"), PARIS)).toBe("2026-01-15");
  expect(civilDate(at("2026-01-14T23:30:00Z"), "America/Martinique")).toBe("2026-01-14");
});

it("is short in lists", () => {
  prefer({ locale: "fr" });
  expect(read(whenShort(NOW, NOW))).toMatch(/^\d{1,2} h/);
  expect(whenShort(at("2025-12-01T12:00:00Z"), NOW)).toBe("1 déc. 2025");
});

it.each([
  ["1938-05-09", "2026-01-14", 87],
  ["1938-01-14", "2026-01-14", 88],
  ["1938-01-15", "2026-01-14", 87],
  ["2017-02-28", "2026-02-28", 9],
])("who is born on %s is on %s %i", (born, day, age) => {
  expect(ageOn(born, day)).toBe(age);
});
