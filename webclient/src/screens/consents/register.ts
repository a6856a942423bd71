/** The register in words: what somebody reads, and each line of their history. */
import type { ConsentHistory, ConsentRow, ConsentScope } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { civilDate } from "../../ui/when";
import { basisName, giverName, wayName } from "../../words/consent";
import { dateWords } from "../../words/dates";
import { sayAll } from "../../words/lists";
import { inOrder, roomTitle } from "../../words/places";

const stands = (scope: ConsentScope): boolean => scope.state === "ACTIVE" || scope.state === "AWAITED";

/** What stands before the rooms that somebody may read, or says it whole. */
export function readsLine(row: ConsentRow): string {
  if (row.party.consent === "SELF") return m.consent_reads_all();
  const now = row.scope.filter(stands);
  if (now.length === 0) return m.consent_reads_nothing();
  return now.every((scope) => scope.state === "AWAITED") ? m.consent_will_read() : m.consent_reads();
}

/** A room that somebody may read, and until when. */
export function scopeWords(scope: ConsentScope): string {
  const room = roomTitle(scope.title);
  return scope.expires === undefined || scope.expires === 0 ? room : m.consent_room_until({ room, date: dateWords(civilDate(scope.expires)) });
}

/** Rooms whose consent stands and can be withdrawn. */
export const withdrawable = (row: ConsentRow): ConsentScope[] => inOrder(row.scope.filter(stands));

/** One line of the history, in sentences. */
export function historyLine(line: ConsentHistory): string {
  const rooms = line.rooms.length === 0 ? [] : [m.consent_line_rooms({ rooms: sayAll(line.rooms.map(roomTitle)) })];
  switch (line.kind) {
    case "GIVEN":
      return [
        m.consent_line_given({ giver: giverName(line.given_by ?? ""), how: wayName(line.how ?? ""), basis: basisName(line.basis ?? ""), by: line.by }),
        ...rooms,
        ...(line.leaflet === undefined || line.leaflet === "" ? [] : [m.consent_line_leaflet({ version: line.leaflet })]),
      ].join(" ");
    case "REFUSED":
      return m.consent_line_refused({ by: line.by });
    default:
      return [m.consent_line_withdrawn({ by: line.by }), ...rooms].join(" ");
  }
}

/** The last instant of a civil day, where one is. */
export const endOfDay = (date: string): number => new Date(`${date}T23:59:59.999`).getTime();
