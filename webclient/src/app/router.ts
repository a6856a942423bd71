/** Where one is, on the browser's own history: deep links and the back button. */
import { useSyncExternalStore } from "react";
import { match, type Route } from "./routes";

export interface Place {
  readonly path: string;
  /** What follows "?", for filters and positions that a link should keep. */
  readonly query: URLSearchParams;
  readonly route: Route | undefined;
  /** How one came: scroll and focus differ. */
  readonly by: "start" | "push" | "replace" | "back";
}

const listeners = new Set<() => void>();

function read(by: Place["by"]): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search), route: match(location.pathname), by };
}

let place: Place | undefined;

function become(by: Place["by"]): void {
  place = read(by);
  for (const listener of listeners) listener();
}

/** Goes to a path of ours. */
export function navigate(path: string, options: { replace?: boolean } = {}): void {
  if (options.replace === true) history.replaceState(null, "", path);
  else if (path !== location.pathname + location.search) history.pushState(null, "", path);
  become(options.replace === true ? "replace" : "push");
}

/** Goes back, or to `fallback` when this is where one came in. */
export function back(fallback: string): void {
  if (depth() > 0) history.back();
  else navigate(fallback, { replace: true });
}

/** How many pages of ours lie behind, as far as the browser tells. */
function depth(): number {
  const navigation = (globalThis as { navigation?: { currentEntry?: { index: number } | null } }).navigation;
  return navigation?.currentEntry?.index ?? history.length - 1;
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => (place ??= read("start")),
  );
}

/** Lets ordinary links to our pages go through the router. Call once. */
export function startRouter(): void {
  addEventListener("popstate", () => become("back"));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target !== "" || link.hasAttribute("download")) return;
    if (match(link.pathname) === undefined) return; // the server's: a download, a document
    event.preventDefault();
    if (link.hash !== "" && link.pathname === location.pathname) {
      document.getElementById(link.hash.slice(1))?.focus();
      return;
    }
    navigate(link.pathname + link.search);
  });
}
