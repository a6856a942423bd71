import { expect, it } from "vitest";
import { calendarFile } from "./calendar";

const entry = { session: "abc", starts: Date.UTC(2026, 10, 26, 13, 0), minutes: 45, sequence: 2, summary: "Réunion, Ensemble; à distance", url: "https://exemple.fr/session/abc" };

it("tells a calendar when, and nothing of whom", () => {
  const lines = calendarFile(entry, Date.UTC(2026, 10, 22)).split("\r\n");
  expect(lines).toContain("DTSTART:20261126T130000Z");
  expect(lines).toContain("DTEND:20261126T134500Z");
  expect(lines).toContain("UID:abc@ensemble");
  expect(lines).toContain("SEQUENCE:2");
  expect(lines).toContain(String.raw`SUMMARY:Réunion\, Ensemble\; à distance`);
});

it("folds long lines at 75 octets", () => {
  const text = calendarFile({ ...entry, summary: "é".repeat(80) }, 0);
  for (const line of text.split("\r\n")) expect(new TextEncoder().encode(line).byteLength).toBeLessThanOrEqual(75);
  expect(text.replaceAll("\r\n ", "")).toContain("é".repeat(80));
});
