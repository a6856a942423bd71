/** Makes the case, then lets in those of whom the person agreed, one after the other. */
import { call, watch } from "../../core/client";
import { CoreError } from "../../core/errors";
import type { ConsentsView, PartyFields } from "../../core/types.gen";
import { today } from "../../ui/when";
import { basisFor } from "../../words/consent";
import { entering, type Around, type Draft } from "./draft";

/** How long the rooms of a new case may take to appear, in milliseconds. */
const PATIENCE = 20_000;

export interface Made {
  readonly case: string;
  /** Names of those whose consent or refusal could not be recorded. */
  readonly failed: readonly string[];
}

export type Doing = { readonly what: "case" } | { readonly what: "consent"; readonly name: string };

export async function createCase(draft: Draft, me: PartyFields | undefined, doing: (step: Doing) => void): Promise<Made> {
  doing({ what: "case" });
  const { case: id } = await call("case.create", {
    person: { ...draft.person, ins: (draft.person.ins ?? "").replaceAll(/\s/gu, "").toUpperCase() },
    life_project: draft.words.trim(),
    leaflet: draft.leaflet,
    circle: [...(me === undefined ? [] : [me]), ...draft.around.map((one) => one.party)],
  });
  const refused = draft.around.filter((one) => one.said === "REFUSE");
  const inside = entering(draft.around);
  if (refused.length + inside.length === 0) return { case: id, failed: [] };
  let register: ConsentsView;
  try {
    register = await registered(id, draft.around);
  } catch {
    return { case: id, failed: [...inside, ...refused].map((one) => one.party.name) };
  }
  const failed: string[] = [];
  for (const one of [...refused, ...inside]) {
    doing({ what: "consent", name: one.party.name });
    try {
      if (one.said === "REFUSE") await refuse(id, register, one);
      else await letIn(id, register, one, draft);
    } catch {
      failed.push(one.party.name);
    }
  }
  return { case: id, failed };
}

/** The register, once it knows the case's rooms and everybody around the person. */
function registered(id: string, around: readonly Around[]): Promise<ConsentsView> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new CoreError({ code: "unavailable" }))), PATIENCE);
    const stop = watch("consents", { case: id }, (view) => {
      if (view === undefined) return;
      const kinds = new Set(view.rooms.map((room) => room.kind));
      const all = around.every((one) => partyOf(view, one) !== undefined);
      if (kinds.has("PLAN") && kinds.has("THREAD") && all) end(() => resolve(view));
    });
    function end(then: () => void): void {
      clearTimeout(timer);
      // The first snapshot may come before watch has returned.
      queueMicrotask(() => stop());
      then();
    }
  });
}

const partyOf = (view: ConsentsView, one: Around): string | undefined =>
  view.rows.find((row) => (one.party.party === "" ? row.party.name === one.party.name.trim() : row.party.party === one.party.party))?.party.party;

function refuse(id: string, register: ConsentsView, one: Around): Promise<null> {
  return call("consent.refuse", { case: id, party: partyOf(register, one) ?? "", date: today() });
}

/** The care team reads dossier, plan and team thread; the family dossier and plan. */
export function roomsFor(category: string, register: Pick<ConsentsView, "rooms" | "case">): string[] {
  const kinds = category === "CARE_TEAM" ? ["DOSSIER", "PLAN", "THREAD"] : ["DOSSIER", "PLAN"];
  return register.rooms.filter((room) => kinds.includes(room.kind)).map((room) => room.room);
}

function letIn(id: string, register: ConsentsView, one: Around, draft: Draft): Promise<null> {
  return call("consent.give", {
    case: id,
    party: one.party.party,
    rooms: roomsFor(one.party.category, register),
    category: one.party.category,
    basis: basisFor(one.party.category),
    given_by: "PERSON",
    date: today(),
    how: draft.how,
    leaflet: draft.leaflet.version,
    history: "ALL",
  });
}
