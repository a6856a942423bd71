/** The core in React. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { read, useViewState, viewKey, type ViewState } from "../state/views";
import { core, type ViewName } from "./client";
import { CoreError } from "./errors";
import type { CoreState } from "./protocol";
import type { Views } from "./types.gen";

/** A view of the core, redrawn whenever it changes. */
export function useView<V extends ViewName>(
  view: V,
  ...params: Views[V]["params"] extends null ? [] : [params: Views[V]["params"]]
): ViewState<V> {
  const given = params[0] ?? null;
  const key = viewKey(view, given);
  useEffect(
    () => read(view, given),
    // oxlint-disable-next-line react/exhaustive-deps -- key is view and params
    [key],
  );
  return useViewState<V>(key);
}

/** How the core of this origin stands. */
export function useCoreState(): CoreState {
  return useSyncExternalStore(
    (listener) => core().onState(listener),
    () => core().state,
  );
}

export interface Action<A extends unknown[]> {
  readonly run: (...args: A) => Promise<boolean>;
  readonly busy: boolean;
  readonly error: CoreError | undefined;
  readonly clear: () => void;
}

/**
 * Something that a press of a button does: says whether it runs, keeps the error
 * of the last time, and resolves to whether it succeeded.
 */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<unknown>): Action<A> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CoreError>();
  const run = async (...args: A): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try {
      await act(...args);
      return true;
    } catch (thrown) {
      setError(CoreError.of(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { run, busy, error, clear: () => setError(undefined) };
}
