/**
 * What has been entered of a case that does not exist yet. The core keeps it,
 * sealed: it survives looking something up elsewhere, and a reload.
 */
import { useEffect } from "react";
import { create } from "zustand";
import { forgetForm, keepForm, useKept } from "../../core/forms";
import type { IdentityFields, LeafletFields, PartyFields } from "../../core/types.gen";
import { today } from "../../ui/when";

export type Said = "GIVE" | "LATER" | "REFUSE";

export interface Around {
  /** For lists, until the case gives an id. */
  readonly key: string;
  readonly party: PartyFields;
  /** What the person says about their taking part. */
  readonly said: Said;
}

export const STEPS = ["person", "words", "leaflet", "circle", "consents", "review"] as const;
export type Step = (typeof STEPS)[number];

export interface Draft {
  readonly step: Step;
  readonly person: IdentityFields;
  readonly words: string;
  readonly leaflet: LeafletFields;
  readonly informed: boolean;
  readonly around: readonly Around[];
  /** How consents were collected: ORAL, WRITTEN, APP. */
  readonly how: string;
}

/** With another shape, another name. */
const FORM = "case-new-1";

const empty = (): Draft => ({
  step: "person",
  person: { family_name: "", given_name: "", birth_date: "", user: "" },
  words: "",
  leaflet: { version: "v3", date: today(), how: "ORAL" },
  informed: false,
  around: [],
  how: "ORAL",
});

export const useDraftCase = create<Draft>(empty);

export const change = (changes: Partial<Draft>): void => useDraftCase.setState(changes);
export function discard(): void {
  useDraftCase.setState(empty(), true);
  forgetForm(FORM);
}

/** Takes up what was entered before, and keeps what is entered now. */
export function useKeptDraft(): void {
  const kept = useKept(FORM) as Draft | null | undefined;
  const draft = useDraftCase();
  useEffect(() => {
    if (kept !== undefined && kept !== null && !begun(useDraftCase.getState())) change(kept);
  }, [kept]);
  useEffect(() => {
    if (begun(draft)) keepForm(FORM, draft);
  }, [draft]);
}

/** Whether somebody would lose something by leaving. */
export const begun = (draft: Draft): boolean =>
  draft.person.family_name !== "" || draft.person.given_name !== "" || draft.words !== "" || draft.around.length > 0;

/** What keeps one from going on: the first thing to complete in a step. */
export function lacks(draft: Draft, step: Step): "name" | "birth" | "informed" | undefined {
  if (step === "person") {
    if (draft.person.family_name.trim() === "" || draft.person.given_name.trim() === "") return "name";
    if (draft.person.birth_date === "") return "birth";
  }
  if (step === "leaflet" && !draft.informed) return "informed";
  return undefined;
}

/** Who is let in at once: the person agrees, and they have an account. Guests come in later, by room. */
export const entering = (around: readonly Around[]): Around[] =>
  around.filter((one) => one.said === "GIVE" && one.party.party !== "" && one.party.category !== "GUEST");
