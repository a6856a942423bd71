/** A session being planned: what is written down, what is still missing, what the core is asked. No screen. */
import { parseDate, parseTime, toCalendarDateTime, toZoned } from "@internationalized/date";
import type { ConsentRow, PlanSessionArgs, SessionView } from "../../core/types.gen";

export interface FormItem {
  /** A name for the list; the room's once there is one. */
  readonly key: string;
  /** "" for a new item. */
  readonly room: string;
  readonly case: string;
  readonly question: string;
  readonly context: string;
  readonly wish: string;
  readonly requester: string;
  readonly minutes: number;
}

export interface FormPerson {
  readonly user: string;
  readonly duty: string;
  readonly votes: boolean;
  /** Keys of items. */
  readonly items: readonly string[];
}

export interface Form {
  readonly title: string;
  readonly type: string;
  /** Civil date and time of day in the zone. */
  readonly date: string;
  readonly time: string;
  readonly zone: string;
  readonly items: readonly FormItem[];
  readonly people: readonly FormPerson[];
}

export function newItem(dossier: string, requester: string): FormItem {
  return { key: `new-${crypto.randomUUID()}`, room: "", case: dossier, question: "", context: "", wish: "", requester, minutes: 15 };
}

/** The instant of a civil date and time in a zone; undefined while they are not complete. */
export function instantOf(date: string, time: string, zone: string): number | undefined {
  try {
    return toZoned(toCalendarDateTime(parseDate(date), parseTime(time)), zone).toDate().getTime();
  } catch {
    return undefined;
  }
}

/** How long the items take together. */
export const totalMinutes = (items: readonly FormItem[]): number => items.reduce((sum, item) => sum + item.minutes, 0);

export type Problem = "title" | "date" | "past" | "item_question" | "item_case" | "item_people" | "chair" | "chairs";

/** What is still missing, by what it is about: "" for the whole, else an item's key. */
export function problems(form: Form, now: number): Map<string, Problem> {
  const found = new Map<string, Problem>();
  const starts = instantOf(form.date, form.time, form.zone);
  if (form.title.trim() === "") found.set("title", "title");
  if (starts === undefined) found.set("date", "date");
  else if (starts < now) found.set("date", "past");
  for (const item of form.items) {
    if (item.case === "") found.set(item.key, "item_case");
    else if (item.question.trim() === "") found.set(item.key, "item_question");
    else if (!form.people.some((one) => one.items.includes(item.key))) found.set(item.key, "item_people");
  }
  const chairs = form.people.filter((one) => one.duty === "CHAIR" && one.items.length > 0).length;
  if (chairs === 0) found.set("people", "chair");
  else if (chairs > 1) found.set("people", "chairs");
  return found;
}

/** Those who are invited to something. */
export const invited = (form: Form): FormPerson[] => form.people.filter((one) => one.items.length > 0);

export function toArgs(form: Form): PlanSessionArgs {
  const place = new Map(form.items.map((item, i) => [item.key, i]));
  return {
    title: form.title.trim(),
    type: form.type,
    starts: instantOf(form.date, form.time, form.zone) ?? 0,
    zone: form.zone,
    minutes: totalMinutes(form.items),
    items: form.items.map((item) => ({
      case: item.case,
      question: item.question.trim(),
      ...(item.context.trim() === "" ? {} : { context: item.context.trim() }),
      ...(item.wish.trim() === "" ? {} : { wish: item.wish.trim() }),
      requester: item.requester,
      minutes: item.minutes,
      room: item.room,
    })),
    participants: invited(form).map((one) => ({
      user: one.user,
      duty: one.duty,
      votes: one.votes,
      items: one.items
        .map((key) => place.get(key))
        .filter((n) => n !== undefined)
        .toSorted((a, b) => a - b),
    })),
  };
}

/** The form of a session that is planned already. Context and wish come with its items. */
export function fromSession(session: SessionView, details: ReadonlyMap<string, { context?: string; wish?: string }>, civil: { date: string; time: string }): Form {
  return {
    title: session.title,
    type: session.type.code,
    ...civil,
    zone: session.zone,
    items: session.items.map((item) => ({
      key: item.room,
      room: item.room,
      case: item.case,
      question: item.question ?? "",
      context: details.get(item.room)?.context ?? "",
      wish: details.get(item.room)?.wish ?? "",
      requester: "",
      minutes: item.minutes,
    })),
    people: session.participants.map((one) => ({ user: one.user, duty: one.duty, votes: one.votes, items: one.items })),
  };
}

/** Whether the person has agreed that somebody takes part: in rooms already, or as a guest to be invited. */
export const covered = (row: Pick<ConsentRow, "party" | "history">): boolean =>
  row.party.consent === "ACTIVE" ||
  row.party.consent === "AWAITED" ||
  row.party.consent === "SELF" ||
  (row.party.consent === "NONE" && row.history[0]?.kind === "GIVEN");

/** Whether somebody is invited to everything without being asked: the person and the care team. */
export const usuallyInvited = (row: Pick<ConsentRow, "party" | "history">): boolean =>
  covered(row) && (row.party.category === "CARE_TEAM" || row.party.category === "PERSON");

/** The people of the cases' circles, with the rights and duties one begins with. */
export function withPeople(form: Form, rows: readonly ConsentRow[], me: string): Form {
  const known = new Set(form.people.map((one) => one.user));
  const fresh = rows
    .filter((row) => row.party.party !== "" && row.party.consent !== "REFUSED" && !known.has(row.party.party))
    .map((row): FormPerson => {
      const chair = row.party.party === me;
      return {
        user: row.party.party,
        duty: chair ? "CHAIR" : row.party.category === "GUEST" || row.party.category === "ENTOURAGE" ? "GUEST" : "PARTICIPANT",
        votes: !chair,
        items: usuallyInvited(row) ? form.items.map((item) => item.key) : [],
      };
    });
  return fresh.length === 0 ? form : { ...form, people: [...form.people, ...fresh] };
}

/** A new item invites whoever is invited to all the others. */
export function withItem(form: Form, item: FormItem): Form {
  return {
    ...form,
    items: [...form.items, item],
    people: form.people.map((one) => (form.items.length > 0 && form.items.every((other) => one.items.includes(other.key)) ? { ...one, items: [...one.items, item.key] } : one)),
  };
}

export function withoutItem(form: Form, key: string): Form {
  return {
    ...form,
    items: form.items.filter((item) => item.key !== key),
    people: form.people.map((one) => ({ ...one, items: one.items.filter((other) => other !== key) })),
  };
}

export function toggle(form: Form, user: string, key: string): Form {
  return {
    ...form,
    people: form.people.map((one) =>
      one.user !== user ? one : { ...one, items: one.items.includes(key) ? one.items.filter((other) => other !== key) : [...one.items, key] },
    ),
  };
}
