/**
 * A meeting as an iCalendar file (RFC 5545). It names nobody and nothing of the
 * agenda: calendars are synchronised to places we do not know.
 */
export interface CalendarEntry {
  readonly session: string;
  readonly starts: number;
  readonly minutes: number;
  readonly sequence: number;
  /** A neutral title. */
  readonly summary: string;
  /** Where the meeting is joined. */
  readonly url: string;
}

export function calendarFile(entry: CalendarEntry, now: number): string {
  return [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Ensemble//RCP//FR",
    "METHOD:PUBLISH",
    "BEGIN:VEVENT",
    `UID:${entry.session}@ensemble`,
    `SEQUENCE:${String(entry.sequence)}`,
    `DTSTAMP:${instant(now)}`,
    `DTSTART:${instant(entry.starts)}`,
    `DTEND:${instant(entry.starts + entry.minutes * 60_000)}`,
    `SUMMARY:${escape(entry.summary)}`,
    `URL:${entry.url}`,
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    `DESCRIPTION:${escape(entry.summary)}`,
    "TRIGGER:-PT10M",
    "END:VALARM",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ]
    .map(fold)
    .join("\r\n");
}

const instant = (at: number): string => `${new Date(at).toISOString().replaceAll(/[-:]/g, "").slice(0, 15)}Z`;
const escape = (text: string): string => text.replaceAll(/[\\;,]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`);

/** Lines are at most 75 octets; a longer one goes on after a space. */
function fold(line: string): string {
  const encoder = new TextEncoder();
  let out = "";
  let length = 0;
  for (const character of line) {
    const size = encoder.encode(character).byteLength;
    if (length + size > 75) {
      out += "\r\n ";
      length = 1;
    }
    out += character;
    length += size;
  }
  return out;
}
