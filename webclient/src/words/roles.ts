/** Role codes of rooms.Roles() in words. A code outside the table is "other". */
import { m } from "../paraglide/messages.js";

/** The usual category of consent of a role: what a form proposes first. */
export type Category = "CARE_TEAM" | "OUTSIDE_CARE_TEAM" | "ENTOURAGE" | "GUEST" | "PERSON";

const ROLES: Readonly<Record<string, { name: () => string; category: Category }>> = {
  DAUGHTER: { name: m.role_daughter, category: "ENTOURAGE" },
  DIETITIAN: { name: m.role_dietitian, category: "CARE_TEAM" },
  FAMILY: { name: m.role_family, category: "ENTOURAGE" },
  GENERAL_PRACTITIONER: { name: m.role_general_practitioner, category: "CARE_TEAM" },
  GERIATRICIAN: { name: m.role_geriatrician, category: "CARE_TEAM" },
  GUARDIAN: { name: m.role_guardian, category: "OUTSIDE_CARE_TEAM" },
  HOME_HELPER: { name: m.role_home_helper, category: "CARE_TEAM" },
  HOME_HOSPITAL_COORDINATOR: { name: m.role_home_hospital_coordinator, category: "CARE_TEAM" },
  NEIGHBOUR: { name: m.role_neighbour, category: "ENTOURAGE" },
  NURSE: { name: m.role_nurse, category: "CARE_TEAM" },
  NURSE_COORDINATOR: { name: m.role_nurse_coordinator, category: "CARE_TEAM" },
  OCCUPATIONAL_THERAPIST: { name: m.role_occupational_therapist, category: "CARE_TEAM" },
  OTHER: { name: m.role_other, category: "OUTSIDE_CARE_TEAM" },
  PALLIATIVE_PHYSICIAN: { name: m.role_palliative_physician, category: "CARE_TEAM" },
  PERSON: { name: m.role_person, category: "PERSON" },
  PHARMACIST: { name: m.role_pharmacist, category: "CARE_TEAM" },
  PHYSICIAN: { name: m.role_physician, category: "CARE_TEAM" },
  PHYSIOTHERAPIST: { name: m.role_physiotherapist, category: "CARE_TEAM" },
  PSYCHOLOGIST: { name: m.role_psychologist, category: "CARE_TEAM" },
  SCHOOL: { name: m.role_school, category: "GUEST" },
  SOCIAL_WORKER: { name: m.role_social_worker, category: "CARE_TEAM" },
  SON: { name: m.role_son, category: "ENTOURAGE" },
  SPEECH_THERAPIST: { name: m.role_speech_therapist, category: "CARE_TEAM" },
  SPOUSE: { name: m.role_spouse, category: "ENTOURAGE" },
  VOLUNTEER: { name: m.role_volunteer, category: "GUEST" },
};

/** A role in the reader's language. */
export function roleName(code: string): string {
  return Object.hasOwn(ROLES, code) ? (ROLES[code]?.name() ?? m.role_other()) : m.role_other();
}

/** Where a role usually stands in the law of consent. */
export function usualCategory(code: string): Category {
  return Object.hasOwn(ROLES, code) ? (ROLES[code]?.category ?? "OUTSIDE_CARE_TEAM") : "OUTSIDE_CARE_TEAM";
}

/** Every role but the person's own, alphabetical in the reader's language, "other" last. */
export function roleChoices(tag: string, keep: (category: Category) => boolean = () => true): Array<{ id: string; label: string }> {
  return Object.entries(ROLES)
    .filter(([code, role]) => code !== "PERSON" && keep(role.category))
    .map(([id, role]) => ({ id, label: role.name() }))
    .toSorted((a, b) => (a.id === "OTHER" ? 1 : 0) - (b.id === "OTHER" ? 1 : 0) || a.label.localeCompare(b.label, tag));
}

const KINDS: Readonly<Record<string, () => string>> = {
  PROFESSIONAL: m.kind_professional,
  PERSON: m.kind_person,
  RELATED: m.kind_related,
  VOLUNTEER: m.kind_volunteer,
};

/** What kind of account somebody has. */
export const kindName = (code: string): string => KINDS[code]?.() ?? code;
