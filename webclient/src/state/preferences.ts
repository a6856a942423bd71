/** How this device shows things. Kept on the device; nothing of it is personal. */
import { create } from "zustand";
import { overwriteGetLocale } from "../paraglide/runtime.js";

export type Locale = "fr" | "en";

export interface Preferences {
  readonly locale: Locale;
  readonly theme: "system" | "light" | "dark";
  readonly text: "normal" | "large" | "larger";
  readonly motion: "system" | "reduced";
}

const KEY = "ensemble.preferences";

function initial(): Preferences {
  // The first of our languages that the reader knows; French when none, and outside a browser.
  const known = (globalThis as { navigator?: Navigator }).navigator?.languages.find((l) => /^(?:fr|en)\b/.test(l));
  const defaults: Preferences = {
    locale: known?.startsWith("en") === true ? "en" : "fr",
    theme: "system",
    text: "normal",
    motion: "system",
  };
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof kept === "object" ? { ...defaults, ...kept } : defaults;
  } catch {
    return defaults; // nothing kept, or a browser that keeps nothing
  }
}

export const usePreferences = create<Preferences>(initial);

export function prefer(changes: Partial<Preferences>): void {
  usePreferences.setState(changes);
}

/** BCP 47 tag for dates, numbers and the page's language. */
export const languageTag = (locale: Locale): string => (locale === "fr" ? "fr-FR" : "en-GB");

/** Makes the page follow the preferences. Call once, before anything is drawn. */
export function applyPreferences(): void {
  overwriteGetLocale(() => usePreferences.getState().locale);
  show(usePreferences.getState());
  // Paper is white, whatever the screen is.
  addEventListener("beforeprint", () => set(document.documentElement, "theme", "light"));
  addEventListener("afterprint", () => show(usePreferences.getState()));
  usePreferences.subscribe((preferences) => {
    show(preferences);
    try {
      localStorage.setItem(KEY, JSON.stringify(preferences));
    } catch {
      // A browser that keeps nothing: the choice holds for this visit.
    }
  });
}

function show(preferences: Preferences): void {
  const root = document.documentElement;
  root.lang = languageTag(preferences.locale);
  set(root, "theme", preferences.theme === "system" ? undefined : preferences.theme);
  set(root, "text", preferences.text === "normal" ? undefined : preferences.text);
  set(root, "motion", preferences.motion === "system" ? undefined : preferences.motion);
}

function set(element: HTMLElement, name: string, value: string | undefined): void {
  if (value === undefined) delete element.dataset[name];
  else element.dataset[name] = value;
}
