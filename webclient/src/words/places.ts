/** Names of rooms. The rooms that every case has carry a code as title. */
import { to } from "../app/routes";
import { m } from "../paraglide/messages.js";
import { languageTag, usePreferences } from "../state/preferences";

const TITLES: Readonly<Record<string, () => string>> = { DOSSIER: m.place_dossier, PLAN: m.place_plan, TEAM: m.place_team };

/** A room's title in the reader's language. */
export function roomTitle(title: string): string {
  if (title === "") return m.place_unnamed(); // not readable yet on this device
  return (Object.hasOwn(TITLES, title) ? TITLES[title]?.() : undefined) ?? title;
}

/** What comes first in a list of rooms: what every case has, then conversations, then items of meetings. */
const ORDER: Readonly<Record<string, number>> = { DOSSIER: 0, PLAN: 1, TEAM: 2, FAMILY: 3, ITEM: 5 };

/** Rooms in an order that people know; alphabetical where none is. */
export function inOrder<T extends { title: string; audience: string }>(rooms: readonly T[]): T[] {
  const tag = languageTag(usePreferences.getState().locale);
  const rank = ({ title, audience }: T): number => ORDER[title] ?? ORDER[audience] ?? 4;
  return rooms.toSorted((a, b) => rank(a) - rank(b) || roomTitle(a.title).localeCompare(roomTitle(b.title), tag));
}

/** Where a room is read: a plan and a dossier have pages of their own. */
export function roomPath(room: { room: string; case: string; kind: string }): string {
  if (room.kind === "PLAN" && room.case !== "") return to.plan(room.case);
  if (room.kind === "DOSSIER") return to.case(room.case === "" ? room.room : room.case);
  if (room.kind === "SESSION") return to.session(room.room);
  return to.room(room.room);
}
