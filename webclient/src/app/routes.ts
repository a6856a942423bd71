/**
 * The places of the interface. A screen lives in src/screens/NAME/index.tsx and is
 * loaded when somebody goes there; its default export takes the parameters of the
 * path as properties.
 */
import type { ComponentType } from "react";

/** Sections of the rail. */
export type Section = "home" | "cases" | "agenda" | "network" | "settings";

export interface Route {
  /** The folder under src/screens. */
  readonly screen: string;
  readonly section: Section;
  readonly params: Readonly<Record<string, string>>;
  /** Without rail and panel: arrival, and the one dark room. */
  readonly bare: boolean;
}

const TABLE: ReadonlyArray<readonly [pattern: string, screen: string, section: Section, bare?: "bare"]> = [
  ["/", "home", "home"],
  ["/cases", "cases", "cases"],
  ["/case/new", "case-new", "cases"],
  ["/case/:id", "case", "cases"],
  ["/case/:id/consents", "consents", "cases"],
  ["/case/:id/documents", "documents", "cases"],
  ["/case/:id/plan", "plan", "cases"],
  ["/room/:id", "room", "cases"],
  ["/agenda", "agenda", "agenda"],
  ["/session/new", "session-new", "agenda"],
  ["/session/:id", "session", "agenda"],
  ["/session/:id/edit", "session-new", "agenda"],
  ["/session/:id/lobby", "lobby", "agenda", "bare"],
  ["/session/:id/live", "live", "agenda", "bare"],
  ["/session/:id/minutes/:item", "minutes", "agenda"],
  ["/network", "network", "network"],
  ["/settings", "settings", "settings"],
  ["/enrol", "enrol", "home", "bare"],
];

const ROUTES = TABLE.map(([pattern, screen, section, bare]) => ({
  parts: pattern.split("/").slice(1),
  screen,
  section,
  bare: bare !== undefined,
}));

/** Which route a path is; undefined when none. Earlier rows win. */
export function match(path: string): Route | undefined {
  const parts = path.replace(/(?<=.)\/$/, "").split("/").slice(1);
  for (const { parts: pattern, ...route } of ROUTES) {
    if (pattern.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((part, i) => {
      const given = parts[i] ?? "";
      if (!part.startsWith(":")) return part === given;
      const value = decode(given);
      if (value === undefined || value === "") return false;
      params[part.slice(1)] = value;
      return true;
    });
    if (fits) return { ...route, params };
  }
  return undefined;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Paths, so that no screen puts one together by hand. */
export const to = {
  home: () => "/",
  cases: () => "/cases",
  newCase: () => "/case/new",
  case: (id: string) => `/case/${encodeURIComponent(id)}`,
  consents: (id: string) => `/case/${encodeURIComponent(id)}/consents`,
  documents: (id: string) => `/case/${encodeURIComponent(id)}/documents`,
  plan: (id: string) => `/case/${encodeURIComponent(id)}/plan`,
  room: (id: string) => `/room/${encodeURIComponent(id)}`,
  agenda: () => "/agenda",
  newSession: () => "/session/new",
  session: (id: string) => `/session/${encodeURIComponent(id)}`,
  editSession: (id: string) => `/session/${encodeURIComponent(id)}/edit`,
  lobby: (id: string) => `/session/${encodeURIComponent(id)}/lobby`,
  live: (id: string) => `/session/${encodeURIComponent(id)}/live`,
  minutes: (id: string, item: string) => `/session/${encodeURIComponent(id)}/minutes/${encodeURIComponent(item)}`,
  network: () => "/network",
  settings: () => "/settings",
  enrol: () => "/enrol",
} as const;

/** What a screen is. */
export type Screen = ComponentType<Record<string, string>>;

const SCREENS = import.meta.glob<{ default: Screen }>("../screens/*/index.tsx");

/** Loads a screen's code; undefined when there is none of that name. */
export function load(screen: string): (() => Promise<{ default: Screen }>) | undefined {
  return SCREENS[`../screens/${screen}/index.tsx`];
}
