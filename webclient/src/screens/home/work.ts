/** The worklist in words: what waits, how urgent, and where it is done. */
import { to } from "../../app/routes";
import type { Work } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { dayWords } from "../../ui/when";
import { roomTitle } from "../../words/places";

type Kind =
  | "ANSWER_INVITATION"
  | "GIVE_OPINION"
  | "SIGN_MINUTES"
  | "ACCEPT_ACTION"
  | "ACCEPT_ACTION_FOR_PERSON"
  | "ACTION_DUE"
  | "READ_MENTION"
  | "FEW_COLLECTORS";

interface Sort {
  words: (inputs: { title: string }) => string;
  path: (work: Work) => string;
}

const minutes = (work: Work): string => (work.session === "" ? to.room(work.room) : to.minutes(work.session, work.room));

const SORTS: Readonly<Record<Kind, Sort>> = {
  ANSWER_INVITATION: { words: m.home_work_answer_invitation, path: (w) => to.session(w.session === "" ? w.room : w.session) },
  GIVE_OPINION: { words: m.home_work_give_opinion, path: (w) => to.session(w.session === "" ? w.room : w.session) },
  SIGN_MINUTES: { words: m.home_work_sign_minutes, path: minutes },
  ACCEPT_ACTION: { words: m.home_work_accept_action, path: (w) => to.plan(w.case) },
  ACCEPT_ACTION_FOR_PERSON: { words: m.home_work_accept_for_person, path: (w) => to.plan(w.case) },
  ACTION_DUE: { words: m.home_work_action_due, path: (w) => to.plan(w.case) },
  READ_MENTION: { words: m.home_work_read_mention, path: (w) => `${to.room(w.room)}${w.target === "" ? "" : `?at=${w.target}`}` },
  FEW_COLLECTORS: { words: () => m.home_work_few_collectors(), path: (w) => to.consents(w.case) },
};

export interface Told {
  /** What waits. */
  text: string;
  /** Where it is done. */
  href: string;
  /** When it is due, in words; undefined when no day is set. */
  due: string | undefined;
  late: boolean;
}

/** One thing that waits, told on a day (YYYY-MM-DD). */
export function tell(work: Work, today: string): Told {
  const sort = Object.hasOwn(SORTS, work.kind) ? SORTS[work.kind as Kind] : undefined;
  const title = roomTitle(work.title);
  const late = work.due !== undefined && work.due !== "" && work.due < today;
  const day = work.due === undefined || work.due === "" ? undefined : dayWords(work.due, today);
  return {
    text: sort === undefined ? m.home_work_other({ title }) : sort.words({ title }),
    href: sort === undefined ? (work.case === "" ? to.home() : to.case(work.case)) : sort.path(work),
    due: day === undefined ? undefined : late ? m.home_due_late({ day }) : m.home_due({ day }),
    late,
  };
}

/** Joining opens ten minutes before, and stays open while the meeting lasts. */
export function mayJoin(meeting: { starts: number; minutes: number; status: string }, now: number): boolean {
  if (meeting.status === "CLOSED") return false;
  if (meeting.status === "OPEN" || meeting.status === "RUNNING") return true;
  return now >= meeting.starts - 10 * 60_000 && now < meeting.starts + meeting.minutes * 60_000;
}

/** The first name one greets somebody by: titles are kept with the family name. */
export function greetingName(name: string): string {
  const words = name.trim().split(/\s+/u);
  if (/^(dr|pr|docteur|mme|m)\.?$/iu.test(words[0] ?? "")) return words.length > 1 ? `${words[0] ?? ""} ${words.at(-1) ?? ""}` : name;
  return words[0] ?? name;
}
