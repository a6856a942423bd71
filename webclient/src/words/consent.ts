/** The codes of consents in words: category, ground, giver, way, state. */
import { m } from "../paraglide/messages.js";
import type { Tone } from "../ui/Badge";

type Words = Readonly<Record<string, () => string>>;

const CATEGORIES: Words = {
  CARE_TEAM: m.consent_category_care_team,
  OUTSIDE_CARE_TEAM: m.consent_category_outside,
  ENTOURAGE: m.consent_category_entourage,
  GUEST: m.consent_category_guest,
  PERSON: m.consent_category_person,
};
const BASES: Words = { NON_OPPOSITION: m.consent_basis_non_opposition, EXPRESS_CONSENT: m.consent_basis_express };
const GIVERS: Words = {
  PERSON: m.consent_given_person,
  LEGAL_REPRESENTATIVE: m.consent_given_representative,
  PARENTAL_AUTHORITY: m.consent_given_parent,
};
const WAYS: Words = { WRITTEN: m.consent_how_written, ORAL: m.consent_how_oral, APP: m.consent_how_app };

const say =
  (words: Words) =>
  (code: string): string =>
    (Object.hasOwn(words, code) ? words[code]?.() : undefined) ?? code;

export const categoryName = say(CATEGORIES);
export const basisName = say(BASES);
export const giverName = say(GIVERS);
export const wayName = say(WAYS);

/** Categories that a receipt can have, in the order of the law. */
export const RECEIPT_CATEGORIES = ["CARE_TEAM", "OUTSIDE_CARE_TEAM", "ENTOURAGE", "GUEST"] as const;
export const GIVER_CODES = ["PERSON", "LEGAL_REPRESENTATIVE", "PARENTAL_AUTHORITY"] as const;
export const WAY_CODES = ["ORAL", "WRITTEN", "APP"] as const;

/** Outside the care team the law asks for prior consent (CSP L. 1110-4). */
export const basisFor = (category: string): "NON_OPPOSITION" | "EXPRESS_CONSENT" =>
  category === "CARE_TEAM" ? "NON_OPPOSITION" : "EXPRESS_CONSENT";

const STATES: Readonly<Record<string, { name: () => string; tone: Tone }>> = {
  ACTIVE: { name: m.consent_state_active, tone: "done" },
  AWAITED: { name: m.consent_state_awaited, tone: "warm" },
  REFUSED: { name: m.consent_state_refused, tone: "neutral" },
  WITHDRAWN: { name: m.consent_state_withdrawn, tone: "neutral" },
  EXPIRED: { name: m.consent_state_expired, tone: "warm" },
  NONE: { name: m.consent_state_none, tone: "neutral" },
  SELF: { name: m.consent_state_self, tone: "accent" },
};

/** How a consent stands, in words and a tone. */
export function consentState(code: string): { text: string; tone: Tone } {
  const state = STATES[code] ?? STATES["NONE"];
  return { text: state?.name() ?? code, tone: state?.tone ?? "neutral" };
}
