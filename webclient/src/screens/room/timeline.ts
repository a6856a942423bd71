/**
 * From the rows of a conversation to what is drawn: days, the line before what is
 * new, messages of one author drawn together, changes of the group told once.
 */
import type { RoomItem } from "../../core/types.gen";
import { civilDate } from "../../ui/when";

export type Line =
  | { readonly kind: "day"; readonly key: string; readonly date: string }
  | { readonly kind: "unread"; readonly key: string }
  /** A message or a document; `first` shows who and when. */
  | { readonly kind: "said"; readonly key: string; readonly item: RoomItem; readonly first: boolean }
  /** One change of the group, or several that follow each other. */
  | { readonly kind: "told"; readonly key: string; readonly items: readonly RoomItem[] };

/** How long one goes on without being named again. */
const TOGETHER = 5 * 60_000;

/** Changes that are told in one line when they follow each other: who may come, who came, who left. */
const COMINGS: ReadonlySet<string> = new Set(["JOINED", "LEFT", "CONSENT_GIVEN", "KEYS_CHANGED"]);

export const isSaid = (item: RoomItem): boolean => item.kind === "MESSAGE" || item.kind === "DOCUMENT";

/**
 * The lines of a timeline. `unreadAfter` is the sequence number up to which I had
 * read when I came; 0 draws no line.
 */
export function linesOf(items: readonly RoomItem[], unreadAfter: number, zone?: string): Line[] {
  const lines: Line[] = [];
  let date = "";
  let marked = unreadAfter === 0;
  for (const item of items) {
    const itsDate = civilDate(item.at, zone);
    if (itsDate !== date) {
      date = itsDate;
      lines.push({ kind: "day", key: `day ${date} ${item.id}`, date });
    }
    if (!marked && item.seq > unreadAfter && !item.mine) {
      marked = true;
      lines.push({ kind: "unread", key: "unread" });
    }
    const before = lines.at(-1);
    if (isSaid(item)) {
      const together = before?.kind === "said" && before.item.by === item.by && item.at - before.item.at < TOGETHER && !before.item.retracted;
      lines.push({ kind: "said", key: item.id, item, first: !together });
    } else if (before?.kind === "told" && mergeable(before.items[0], item)) {
      lines[lines.length - 1] = { ...before, items: [...before.items, item] };
    } else {
      lines.push({ kind: "told", key: item.id, items: [item] });
    }
  }
  return lines;
}

function mergeable(before: RoomItem | undefined, item: RoomItem): boolean {
  return before !== undefined && (COMINGS.has(before.kind) ? COMINGS.has(item.kind) : before.kind === "UNREADABLE" && item.kind === "UNREADABLE");
}

/** The newest sequence number on screen; what is in the outbox has none. */
export const newestSeq = (items: readonly RoomItem[]): number => items.reduce((most, item) => Math.max(most, item.seq), 0);

/** How many messages of others came after a sequence number. */
export const countAfter = (items: readonly RoomItem[], seq: number): number => items.filter((item) => isSaid(item) && !item.mine && item.seq > seq).length;

/** My newest message that can still be changed. */
export function lastOfMine(items: readonly RoomItem[]): RoomItem | undefined {
  return items.findLast((item) => item.mine && item.kind === "MESSAGE" && !item.retracted && item.delivery === "SENT" && item.seq > 0);
}

/** Until when somebody has read, as the instant of the last thing they saw; undefined when nothing here. */
export function readUntil(items: readonly RoomItem[], cursor: number): number | undefined {
  return items.findLast((item) => item.seq > 0 && item.seq <= cursor)?.at;
}

/** Whether nothing that was said lies beyond a cursor. One's own words are known to oneself. */
export function hasReadAll(items: readonly RoomItem[], member: { user: string; cursor: number }): boolean {
  return !items.some((item) => isSaid(item) && item.seq > member.cursor && item.by !== member.user);
}
