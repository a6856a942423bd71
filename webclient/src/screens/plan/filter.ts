/** Which actions of the plan are shown, and where a moved one belongs among all. */
import type { ActionView } from "../../core/types.gen";
import { isOpen } from "../../words/plan";

export type Show = "open" | "mine" | "done" | "all";

export interface Filter {
  readonly show: Show;
  /** A performer's id; "" for everybody. */
  readonly performer: string;
}

export function shown(actions: readonly ActionView[], { show, performer }: Filter): ActionView[] {
  return actions.filter((one) => {
    if (performer !== "" && one.performer !== performer) return false;
    if (show === "mine") return isOpen(one.status) && (one.mine || (one.can_accept ?? "") !== "");
    if (show === "open") return isOpen(one.status);
    if (show === "done") return !isOpen(one.status);
    return true;
  });
}

/**
 * The order of all actions after one of the shown has moved among the shown: those
 * that are not shown keep their neighbours.
 */
export function reordered(all: readonly string[], visible: readonly string[]): string[] {
  const places = all.flatMap((id, i) => (visible.includes(id) ? [i] : []));
  const out = [...all];
  for (const [n, place] of places.entries()) out[place] = visible[n] ?? out[place] ?? "";
  return out;
}

/** Everybody who performs something, by name. */
export function performers(actions: readonly ActionView[], tag: string): Array<{ id: string; label: string }> {
  const found = new Map(actions.filter((one) => one.performer !== "").map((one) => [one.performer, one.performer_name ?? ""]));
  return [...found].map(([id, label]) => ({ id, label })).toSorted((a, b) => a.label.localeCompare(b.label, tag));
}

/** Whether an action should have been done before a day (YYYY-MM-DD). */
export const isLate = (action: ActionView, today: string): boolean => isOpen(action.status) && action.due !== undefined && action.due !== "" && action.due < today;
