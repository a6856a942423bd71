/** Several names as one phrase, and lists in the order people expect. */
import { languageTag, usePreferences } from "../state/preferences";

/** "Aminata Traoré, Paul Lenoir et Yann Le Goff". */
export function sayAll(names: readonly string[]): string {
  return new Intl.ListFormat(languageTag(usePreferences.getState().locale), { type: "conjunction" }).format(names);
}

/** Words without accents and capitals, for finding. */
export const plain = (text: string): string =>
  text
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .toLocaleLowerCase("fr");

/** Whether every word that was typed begins a word of the text. */
export function matches(text: string, typed: string): boolean {
  const words = plain(text).split(/[\s’'-]+/u);
  return plain(typed)
    .split(/[\s’'-]+/u)
    .filter((word) => word !== "")
    .every((word) => words.some((w) => w.startsWith(word)));
}
