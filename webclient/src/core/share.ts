/**
 * Views are pushed whole. `share` gives the new snapshot with every part that has
 * not changed taken from the old one, so that React redraws only rows that differ.
 */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) {
    let same = before.length === after.length;
    const out = after.map((value: unknown, i) => {
      // Rows with an id keep their identity when others come before them.
      const old: unknown = sameRow(before[i], value) ? before[i] : before.find((b) => sameRow(b, value));
      const shared = share(old, value);
      if (shared !== before[i]) same = false;
      return shared;
    });
    return same ? (before as T) : (out as T);
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = Object.keys(after);
    let same = keys.length === Object.keys(before).length;
    const out: Record<string, unknown> = {};
    for (const key of keys) {
      out[key] = share(before[key], after[key]);
      if (out[key] !== before[key] || !(key in before)) same = false;
    }
    return same ? (before as T) : (out as T);
  }
  return after;
}

function sameRow(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return true;
  return !("id" in b) || a["id"] === b["id"];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
