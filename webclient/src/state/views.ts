/**
 * The newest snapshot of every view that something on screen watches. A view
 * stays watched for a moment after its last reader has gone, so that going back
 * shows it at once.
 */
import { create } from "zustand";
import { watch, type ViewName } from "../core/client";
import type { CoreError } from "../core/errors";
import { share } from "../core/share";
import type { Views } from "../core/types.gen";

/** How a view stands: no snapshot yet, a snapshot, or why there is none. */
export type ViewState<V extends ViewName> =
  | { readonly state: "loading" }
  | { readonly state: "ready"; readonly value: Views[V]["value"] }
  | { readonly state: "error"; readonly error: CoreError };

interface Entry {
  readers: number;
  stop: () => void;
  leaving?: ReturnType<typeof setTimeout>;
}

/** How long an unread view stays watched, in milliseconds. */
const LINGER = 10_000;

const entries = new Map<string, Entry>();
const LOADING = { state: "loading" } as const;

const useViews = create<Record<string, ViewState<ViewName>>>(() => ({}));

export const viewKey = <V extends ViewName>(view: V, params: Views[V]["params"]): string => `${view} ${JSON.stringify(params)}`;

/** Watches a view until the returned function is called. */
export function read<V extends ViewName>(view: V, params: Views[V]["params"]): () => void {
  const key = viewKey(view, params);
  const entry = entries.get(key) ?? open(key, view, params);
  clearTimeout(entry.leaving);
  entry.readers += 1;
  return () => {
    entry.readers -= 1;
    if (entry.readers > 0) return;
    entry.leaving = setTimeout(() => {
      entry.stop();
      entries.delete(key);
      useViews.setState(({ [key]: _, ...rest }) => rest, true);
    }, LINGER);
  };
}

function open<V extends ViewName>(key: string, view: V, params: Views[V]["params"]): Entry {
  const entry: Entry = { readers: 0, stop: () => undefined };
  entries.set(key, entry);
  entry.stop = watch(view, params, (value, error) => {
    useViews.setState((views) => {
      if (error !== undefined) return { [key]: { state: "error", error } };
      const before = views[key];
      const shared = before?.state === "ready" ? share(before.value, value) : value;
      if (shared === undefined || (before?.state === "ready" && before.value === shared)) return views;
      return { [key]: { state: "ready", value: shared } };
    });
  });
  return entry;
}

/** The state of a view that {@link read} watches. */
export function useViewState<V extends ViewName>(key: string): ViewState<V> {
  return useViews((views) => (views[key] ?? LOADING) as ViewState<V>);
}
