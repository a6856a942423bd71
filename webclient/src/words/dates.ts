/** Civil dates written out, the same on every day one reads them. */
import { languageTag, usePreferences } from "../state/preferences";

/** "17 mai 1938"; the text itself when it is no date. */
export function dateWords(date: string): string {
  const at = Date.parse(date);
  if (!/^\d{4}-\d\d-\d\d$/u.test(date) || Number.isNaN(at)) return date;
  return new Intl.DateTimeFormat(languageTag(usePreferences.getState().locale), { dateStyle: "long", timeZone: "UTC" }).format(at);
}
