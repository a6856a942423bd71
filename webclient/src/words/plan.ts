/** The words of the plan: statuses of actions, and why one was not done. */
import { m } from "../paraglide/messages.js";
import type { Tone } from "../ui/Badge";

export const STATUSES = ["PROPOSED", "ACCEPTED", "IN_PROGRESS", "DONE", "NOT_DONE", "CANCELLED"] as const;
export type Status = (typeof STATUSES)[number];

const NAMES: Readonly<Record<string, { name: () => string; tone: Tone }>> = {
  PROPOSED: { name: m.plan_status_proposed, tone: "warm" },
  ACCEPTED: { name: m.plan_status_accepted, tone: "accent" },
  IN_PROGRESS: { name: m.plan_status_in_progress, tone: "accent" },
  DONE: { name: m.plan_status_done, tone: "done" },
  NOT_DONE: { name: m.plan_status_not_done, tone: "neutral" },
  CANCELLED: { name: m.plan_status_cancelled, tone: "neutral" },
};

/** How an action stands, in words and a tone. */
export function actionStatus(code: string): { text: string; tone: Tone } {
  const known = Object.hasOwn(NAMES, code) ? NAMES[code] : undefined;
  return { text: known?.name() ?? code, tone: known?.tone ?? "neutral" };
}

/** Whether something remains to be done. */
export const isOpen = (status: string): boolean => status === "PROPOSED" || status === "ACCEPTED" || status === "IN_PROGRESS";

/** Why an action was not done; the codes of rooms.ActionStatus. */
export const REASONS = ["PERSON_REFUSES", "CLINICAL_CHANGE", "NO_RESOURCE", "NOT_NEEDED", "OTHER"] as const;

const REASON_NAMES: Readonly<Record<string, () => string>> = {
  PERSON_REFUSES: m.plan_reason_person_refuses,
  CLINICAL_CHANGE: m.plan_reason_clinical_change,
  NO_RESOURCE: m.plan_reason_no_resource,
  NOT_NEEDED: m.plan_reason_not_needed,
  OTHER: m.plan_reason_other,
};

export const reasonName = (code: string): string => (Object.hasOwn(REASON_NAMES, code) ? REASON_NAMES[code]?.() : undefined) ?? code;
