/** What happened to a case, and who has looked at it, in plain words. */
import type { AccessRow, TimelineRow } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { roomTitle } from "../../words/places";

type Say = (inputs: { by: string; text: string }) => string;

const EVENTS: Readonly<Record<string, Say>> = {
  "case.identity": m.case_time_identity,
  "case.life_project": m.case_time_life_project,
  "case.leaflet": m.case_time_leaflet,
  "circle.party": m.case_time_party,
  "consent.recorded": m.case_time_consent,
  receipt: m.case_time_consent,
  "consent.refused": m.case_time_refused,
  "consent.ended": m.case_time_withdrawn,
  withdrawal: m.case_time_withdrawn,
  "room.opened": m.case_time_room,
  "document.shared": m.case_time_document,
  "session.planned": m.case_time_session,
  "attendance.recorded": m.case_time_attendance,
  "minutes.proposed": m.case_time_proposed,
  "minutes.sealed": m.case_time_sealed,
  seal: m.case_time_sealed,
  "action.added": m.case_time_action_added,
  "action.accepted": m.case_time_action_accepted,
  "action.status": m.case_time_action_status,
  freeze: m.case_time_frozen,
};

/** One thing that happened. */
export function tellRow(row: TimelineRow): string {
  const say = Object.hasOwn(EVENTS, row.kind) ? EVENTS[row.kind] : undefined;
  return (say ?? m.case_time_other)({ by: row.by, text: roomTitle(row.text ?? "") });
}

/** One look at the case, as said after the name of who looked. */
export function tellAccess(row: AccessRow): string {
  switch (row.what) {
    case "READ":
      return m.case_access_read();
    case "DOCUMENT":
      return row.text === undefined || row.text === "" ? m.case_access_document_unknown() : m.case_access_document({ text: row.text });
    case "REFUSED":
      return m.case_access_refused();
    default:
      return m.case_access_other();
  }
}

/** Rows under their civil day, in the order given. */
export function byDay<R extends { at: number }>(rows: readonly R[], dayOf: (at: number) => string): Array<{ day: string; rows: R[] }> {
  const days: Array<{ day: string; rows: R[] }> = [];
  for (const row of rows) {
    const day = dayOf(row.at);
    const last = days.at(-1);
    if (last?.day === day) last.rows.push(row);
    else days.push({ day, rows: [row] });
  }
  return days;
}

/** An INS as people read it: 2 38 05 99 999 001 06. */
export function spacedINS(ins: string): string {
  const groups = /^(.)(..)(..)(..)(...)(...)(..)$/u.exec(ins.replaceAll(/\s/gu, ""));
  return groups === null ? ins : groups.slice(1).join("\u00A0");
}
