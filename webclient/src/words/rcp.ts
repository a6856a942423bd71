/** The words of an RCP: duties, answers, positions, states, and the quorum rule in plain sentences. */
import type { PositionCode, QuorumResult, RcpRule } from "../core/types.gen";
import { m } from "../paraglide/messages.js";
import type { Tone } from "../ui/Badge";

type Table = Readonly<Record<string, () => string>>;
const say =
  (table: Table) =>
  (code: string): string =>
    (Object.hasOwn(table, code) ? table[code]?.() : undefined) ?? code;

/** What somebody does in a session. No duty ranks above another: the list is alphabetical in French. */
export const DUTIES = ["CHAIR", "FACILITATOR", "GUEST", "PARTICIPANT", "REQUESTER", "SECRETARY"] as const;

export const dutyName = say({
  CHAIR: m.session_duty_chair,
  FACILITATOR: m.session_duty_facilitator,
  GUEST: m.session_duty_guest,
  PARTICIPANT: m.session_duty_participant,
  REQUESTER: m.session_duty_requester,
  SECRETARY: m.session_duty_secretary,
});

/** Whether somebody with a duty usually takes a position: who facilitates does not. */
export const usuallyVotes = (duty: string): boolean => duty !== "FACILITATOR" && duty !== "CHAIR";

export const answerName = say({
  "": m.session_answer_none,
  COMES: m.session_answer_comes,
  CANNOT: m.session_answer_cannot,
  OPINION: m.session_answer_opinion,
});

const ANSWER_TONES: Readonly<Record<string, Tone>> = { COMES: "done", CANNOT: "neutral", OPINION: "accent" };
export const answerTone = (code: string): Tone => ANSWER_TONES[code] ?? "warm";

export const sessionStatusName = say({
  PLANNED: m.session_status_planned,
  OPEN: m.session_status_open,
  RUNNING: m.session_status_running,
  CLOSED: m.session_status_closed,
});

export const itemStatusName = say({
  WAITING: m.session_item_waiting,
  RUNNING: m.session_item_running,
  DONE: m.session_item_done,
  POSTPONED: m.session_item_postponed,
});

const ITEM_TONES: Readonly<Record<string, Tone>> = { RUNNING: "accent", DONE: "done", POSTPONED: "warm" };
export const itemTone = (code: string): Tone => ITEM_TONES[code] ?? "neutral";

export const minutesStateName = say({
  NONE: m.minutes_state_none,
  DRAFT: m.minutes_state_draft,
  PROPOSED: m.minutes_state_proposed,
  SEALED: m.minutes_state_sealed,
});

const MINUTES_TONES: Readonly<Record<string, Tone>> = { DRAFT: "neutral", PROPOSED: "warm", SEALED: "done" };
export const minutesTone = (code: string): Tone => MINUTES_TONES[code] ?? "neutral";

/** In the order in which they are offered: no position is more expected than another. */
export const POSITIONS: readonly PositionCode[] = ["AGREE", "RESERVATION", "DISAGREE", "ABSTAIN", "NOT_COMPETENT"];

export const positionName = say({
  AGREE: m.minutes_position_agree,
  RESERVATION: m.minutes_position_reservation,
  DISAGREE: m.minutes_position_disagree,
  ABSTAIN: m.minutes_position_abstain,
  NOT_COMPETENT: m.minutes_position_not_competent,
});

/** A position as one chooses it for oneself. */
export const myPosition = say({
  AGREE: m.minutes_position_i_agree,
  RESERVATION: m.minutes_position_i_reservation,
  DISAGREE: m.minutes_position_i_disagree,
  ABSTAIN: m.minutes_position_i_abstain,
  NOT_COMPETENT: m.minutes_position_i_not_competent,
});

/** What choosing a position means, for whoever hesitates. */
export const positionHint = say({
  AGREE: m.minutes_position_agree_hint,
  RESERVATION: m.minutes_position_reservation_hint,
  DISAGREE: m.minutes_position_disagree_hint,
  ABSTAIN: m.minutes_position_abstain_hint,
  NOT_COMPETENT: m.minutes_position_not_competent_hint,
});

const POSITION_TONES: Readonly<Record<PositionCode, Tone>> = { AGREE: "done", RESERVATION: "warm", DISAGREE: "warm", ABSTAIN: "neutral", NOT_COMPETENT: "neutral" };
export const positionTone = (code: PositionCode): Tone => POSITION_TONES[code];

/** A reservation or a disagreement is worth nothing without its reason. */
export const positionNeedsText = (code: PositionCode): boolean => code === "RESERVATION" || code === "DISAGREE";

/** What must be so for the quorum, one plain sentence each. */
export function quorumRule(rule: RcpRule): string[] {
  return [
    ...(rule.min_professionals > 0 ? [m.session_rule_professionals({ count: rule.min_professionals, professions: rule.min_professions })] : []),
    ...(rule.attending_or_written ? [m.session_rule_attending()] : []),
    ...(rule.person_or_wish ? [m.session_rule_person()] : []),
  ];
}

/** Who must sign, in one sentence. */
export function signersRule(rule: RcpRule): string {
  if (rule.chair_signs && rule.position_holders_sign) return m.session_rule_signers_both();
  return rule.chair_signs ? m.session_rule_signers_chair() : m.session_rule_signers_holders();
}

/** What is missing to the quorum, in plain sentences; nothing when it is reached. */
export function quorumMissing(quorum: QuorumResult, rule: RcpRule): string[] {
  const words: Table = {
    PROFESSIONALS: () => m.session_missing_professionals({ count: rule.min_professionals }),
    PROFESSIONS: () => m.session_missing_professions({ count: rule.min_professions }),
    ATTENDING_PHYSICIAN: m.session_missing_attending,
    PERSON_OR_WISH: m.session_missing_person,
  };
  return (quorum.missing ?? []).map(say(words));
}
