/** Instants and days as people say them: "demain à 14 h", "jeudi 15 janvier". */
import { m } from "../paraglide/messages.js";
import { languageTag, usePreferences, type Locale } from "../state/preferences";

const DAY = 86_400_000;

/** The days between two civil dates, from UTC parts. */
function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}

/** The civil date (YYYY-MM-DD) of an instant in a zone. */
export function civilDate(at: number, zone?: string): string {
  // The Swedish form is the ISO form.
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

/** Today, for the core, which reads no clock. */
export const today = (): string => civilDate(Date.now());

const locale = (): Locale => usePreferences.getState().locale;

/** "14 h", "14 h 30"; "14:00" in English. */
export function timeOfDay(at: number, zone?: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "numeric", minute: "2-digit", hourCycle: "h23" }).formatToParts(at);
  const of = (type: string): string => parts.find((p) => p.type === type)?.value ?? "";
  const hour = String(Number(of("hour")));
  if (of("minute") === "00") return m.time_hour({ hour });
  return m.time_hour_minute({ hour, minute: of("minute") });
}

/** A civil date as people say it, seen from another. */
export function dayWords(date: string, from: string): string {
  const tag = languageTag(locale());
  const days = daysBetween(from, date);
  if (Math.abs(days) <= 1) return new Intl.RelativeTimeFormat(tag, { numeric: "auto" }).format(days, "day");
  const sameYear = date.slice(0, 4) === from.slice(0, 4);
  const options: Intl.DateTimeFormatOptions =
    days > 1 && days < 7 ? { weekday: "long" } : { weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) };
  return new Intl.DateTimeFormat(tag, { ...options, timeZone: "UTC" }).format(Date.parse(date));
}

/** "demain à 14 h". With a zone other than the reader's, the zone is said. */
export function when(at: number, now: number, zone?: string): string {
  const text = m.when_at({ day: dayWords(civilDate(at, zone), civilDate(now, zone)), time: timeOfDay(at, zone) });
  if (zone === undefined || timeOfDay(at, zone) === timeOfDay(at)) return text;
  const name = new Intl.DateTimeFormat(languageTag(locale()), { timeZone: zone, timeZoneName: "longGeneric" })
    .formatToParts(at)
    .find((p) => p.type === "timeZoneName")?.value;
  return m.when_zone({ when: text, zone: name ?? zone });
}

/** In a list: the time today, else the day in few letters. */
export function whenShort(at: number, now: number): string {
  const [date, from] = [civilDate(at), civilDate(now)];
  if (date === from) return timeOfDay(at);
  if (Math.abs(daysBetween(from, date)) === 1) return dayWords(date, from);
  const sameYear = date.slice(0, 4) === from.slice(0, 4);
  return new Intl.DateTimeFormat(languageTag(locale()), { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) }).format(at);
}

/** The whole of it, for a tooltip: "jeudi 15 janvier 2026 à 14:30 UTC+1". */
export function whenFull(at: number): string {
  return new Intl.DateTimeFormat(languageTag(locale()), { dateStyle: "full", timeStyle: "short" }).format(at);
}

/** Age in whole years on a day, from a civil date of birth. */
export function ageOn(born: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(born.slice(0, 4));
  return day.slice(5) < born.slice(5) ? years - 1 : years;
}
