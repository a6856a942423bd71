import { describe, expect, it } from "vitest";
import type { CaseView, ConsentRow, ConsentsView, PartyView } from "../../core/types.gen";
import { covered, instantOf, newItem, problems, toArgs, toggle, withItem, withoutItem, withPeople, type Form } from "./form";
import { everybody } from "./useCases";

const row = (party: string, category: string, consent: string, history: string[] = []): ConsentRow => ({
  party: { party, name: party, role: "NURSE", category, consent, rooms: [] } satisfies PartyView,
  scope: [],
  history: history.map((kind) => ({ at: 0, kind, by: "", rooms: [] })),
  can_end: false,
  collector: false,
});

const first = { ...newItem("case", "vidal"), question: "Rester chez elle ?" };
const empty: Form = { title: "RCP", type: "DAC", date: "2026-11-26", time: "14:00", zone: "Europe/Paris", items: [first], people: [] };
const NOW = Date.UTC(2026, 10, 22);

describe("planning a session", () => {
  it("knows the instant of a civil time in its zone, summer and winter", () => {
    expect(instantOf("2026-11-26", "14:00", "Europe/Paris")).toBe(Date.UTC(2026, 10, 26, 13));
    expect(instantOf("2026-07-01", "14:00", "Europe/Paris")).toBe(Date.UTC(2026, 6, 1, 12));
    expect(instantOf("2026-11-26", "14:00", "Indian/Reunion")).toBe(Date.UTC(2026, 10, 26, 10));
    expect(instantOf("", "14:00", "Europe/Paris")).toBeUndefined();
  });

  it("invites the person and the care team, and nobody else unasked", () => {
    const form = withPeople(empty, [row("camille", "CARE_TEAM", "ACTIVE"), row("odette", "PERSON", "SELF"), row("helene", "ENTOURAGE", "ACTIVE"), row("paul", "GUEST", "NONE", ["GIVEN"]), row("son", "ENTOURAGE", "REFUSED", ["REFUSED"])], "camille");
    expect(form.people.map((one) => [one.user, one.duty, one.items.length])).toEqual([
      ["camille", "CHAIR", 1],
      ["odette", "PARTICIPANT", 1],
      ["helene", "GUEST", 0],
      ["paul", "GUEST", 0],
    ]);
  });

  it("knows the person beside those whose consent is registered, once the register is known", () => {
    const person = { display: "Odette", family_name: "Marchal", given_name: "Odette", birth_date: "1938-05-17", user: "odette" };
    const dossier = { person } as unknown as CaseView;
    const consents = { rows: [row("Camille", "CARE_TEAM", "ACTIVE"), row("Yann", "CARE_TEAM", "ACTIVE")] } as unknown as ConsentsView;
    expect(everybody([{ dossier }], "fr")).toEqual([]);
    expect(everybody([{ dossier, consents }], "fr").map((one) => [one.party.name, covered(one)])).toEqual([
      ["Camille", true],
      ["Odette", true],
      ["Yann", true],
    ]);
    const without = { person: { ...person, user: "" } } as unknown as CaseView;
    expect(everybody([{ dossier: without, consents }], "fr")).toHaveLength(2);
  });

  it("covers guests whose agreement is recorded without a room, and not those who withdrew", () => {
    expect(covered(row("paul", "GUEST", "NONE", ["GIVEN"]))).toBe(true);
    expect(covered(row("paul", "GUEST", "NONE", []))).toBe(false);
    expect(covered(row("paul", "GUEST", "WITHDRAWN", ["WITHDRAWN", "GIVEN"]))).toBe(false);
  });

  it("says what is missing, one thing for each item", () => {
    const second = { ...newItem("case", "vidal"), question: "" };
    const form = withItem(withPeople(empty, [row("camille", "CARE_TEAM", "ACTIVE")], "someone"), second);
    expect(problems({ ...form, title: " ", date: "2026-01-01" }, NOW)).toEqual(
      new Map<string, string>([
        ["title", "title"],
        ["date", "past"],
        [second.key, "item_question"],
        ["people", "chair"],
      ]),
    );
    const nobody = toggle(form, "camille", first.key);
    expect(problems(nobody, NOW).get(first.key)).toBe("item_people");
  });

  it("asks the core for places, not keys, in the order of the agenda", () => {
    let form = withPeople(empty, [row("camille", "CARE_TEAM", "ACTIVE"), row("paul", "GUEST", "NONE", ["GIVEN"])], "camille");
    const second = { ...newItem("case", "vidal"), question: "Solitude ?", wish: " Le marché " };
    form = withItem(form, second);
    form = toggle(form, "paul", second.key);
    form = { ...form, items: form.items.toReversed() };
    const args = toArgs(form);
    expect(args.items.map((item) => [item.question, item.wish])).toEqual([
      ["Solitude ?", "Le marché"],
      ["Rester chez elle ?", undefined],
    ]);
    expect(args.participants).toEqual([
      { user: "camille", duty: "CHAIR", votes: false, items: [0, 1] },
      { user: "paul", duty: "GUEST", votes: true, items: [0] },
    ]);
    expect(args.minutes).toBe(30);
    expect(problems(form, NOW).size).toBe(0);
  });

  it("takes an item away with its invitations", () => {
    const form = withoutItem(withPeople(empty, [row("camille", "CARE_TEAM", "ACTIVE")], "camille"), first.key);
    expect(form.items).toEqual([]);
    expect(form.people[0]?.items).toEqual([]);
  });
});
