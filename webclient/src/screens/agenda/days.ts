/** Meetings by the reader's own days. */
import type { MeetingCard } from "../../core/types.gen";
import { civilDate } from "../../ui/when";

/** How long after its planned end a meeting that was never closed counts as past. */
const SLACK = 12 * 3_600_000;

export function isPast(meeting: Pick<MeetingCard, "starts" | "minutes" | "status">, now: number): boolean {
  if (meeting.status === "CLOSED") return true;
  if (meeting.status === "OPEN" || meeting.status === "RUNNING") return false;
  return now > meeting.starts + meeting.minutes * 60_000 + SLACK;
}

/** Civil days in the order of the list, each with its meetings. */
export function byDay(meetings: readonly MeetingCard[]): Array<[day: string, meetings: MeetingCard[]]> {
  const days = new Map<string, MeetingCard[]>();
  for (const meeting of meetings) {
    const day = civilDate(meeting.starts);
    days.set(day, [...(days.get(day) ?? []), meeting]);
  }
  return [...days];
}
