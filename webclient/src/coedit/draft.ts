/**
 * The minutes of one item as a Yjs document: what is in it, and how a text field
 * becomes a change of it. Several people write at once and end with the same text,
 * in whatever order their changes arrive.
 */
import * as Y from "yjs";
import type { MinutesAction, ProposeArgs } from "../core/types.gen";

export type TextName = "discussion" | "synthesis";
export type ListName = "decisions" | "actions";

/** Fields of an action that are written as text; performer and due date are set whole. */
export const ACTION_TEXTS = ["text", "problem", "goal", "criterion"] as const;
export type ActionText = (typeof ACTION_TEXTS)[number];

export const textOf = (doc: Y.Doc, name: TextName): Y.Text => doc.getText(name);
export const listOf = (doc: Y.Doc, name: ListName): Y.Array<Y.Map<unknown>> => doc.getArray(name);

/** A text of an entry of a list, made when it is first asked for by whoever made the entry. */
export function entryText(entry: Y.Map<unknown>, field: ActionText): Y.Text | undefined {
  const text = entry.get(field);
  return text instanceof Y.Text ? text : undefined;
}

export const entryValue = (entry: Y.Map<unknown>, field: "id" | "performer" | "performer_name" | "due"): string => {
  const value = entry.get(field);
  return typeof value === "string" ? value : "";
};

/** Adds an empty entry at the end of a list. */
export function addEntry(doc: Y.Doc, name: ListName, id: string, text = ""): void {
  const entry = new Y.Map<unknown>();
  entry.set("id", id);
  for (const field of name === "decisions" ? (["text"] as const) : ACTION_TEXTS) entry.set(field, new Y.Text(field === "text" ? text : ""));
  listOf(doc, name).push([entry]);
}

const indexOf = (doc: Y.Doc, name: ListName, id: string): number => listOf(doc, name).toArray().findIndex((entry) => entryValue(entry, "id") === id);

export function removeEntry(doc: Y.Doc, name: ListName, id: string): void {
  const at = indexOf(doc, name, id);
  if (at >= 0) listOf(doc, name).delete(at);
}

export function setValue(doc: Y.Doc, id: string, values: Readonly<Partial<Record<"performer" | "performer_name" | "due", string>>>): void {
  const entry = listOf(doc, "actions").toArray().find((one) => entryValue(one, "id") === id);
  if (entry === undefined) return;
  doc.transact(() => {
    for (const [field, value] of Object.entries(values)) entry.set(field, value);
  });
}

/**
 * Makes a Y.Text say `next`, by the smallest change: what stands before and after
 * is left alone, so that somebody else's cursor does not jump. Where the change is
 * ambiguous ("aa" to "aaa") the caret says where it was made.
 */
export function writeText(text: Y.Text, next: string, caret?: number): void {
  const before = text.toJSON();
  if (before === next) return;
  let tail = 0;
  const longestTail = Math.min(before.length, next.length - Math.min(caret ?? 0, next.length));
  while (tail < longestTail && before.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  let head = 0;
  const longestHead = Math.min(before.length, next.length) - tail;
  while (head < longestHead && before[head] === next[head]) head += 1;
  // Whole characters only: half of a pair is no text.
  if (head > 0 && isHigh(before.charCodeAt(head - 1))) head -= 1;
  if (tail > 0 && isLow(before.charCodeAt(before.length - tail))) tail -= 1;
  const change = (): void => {
    const removed = before.length - tail - head;
    if (removed > 0) text.delete(head, removed);
    const inserted = next.slice(head, next.length - tail);
    if (inserted !== "") text.insert(head, inserted);
  };
  if (text.doc === null) change();
  else text.doc.transact(change);
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Where a caret belongs after a change by somebody else. */
export function caretAfter(caret: number, delta: ReadonlyArray<{ retain?: number | undefined; insert?: unknown; delete?: number | undefined }>): number {
  let at = 0;
  let out = caret;
  for (const { retain, insert, delete: removed } of delta) {
    if (retain !== undefined) at += retain;
    if (typeof insert === "string") {
      // Written right at the caret: it stays before what came.
      if (at < out) out += insert.length;
      at += insert.length;
    }
    if (removed !== undefined && at < out) out = Math.max(at, out - removed);
  }
  return out;
}

/** What is proposed: the draft without empty entries. */
export function contentOf(doc: Y.Doc): Omit<ProposeArgs, "room"> {
  const decisions = listOf(doc, "decisions").map((entry) => trimmed(entryText(entry, "text")));
  const actions = listOf(doc, "actions").map((entry): MinutesAction => {
    const texts = Object.fromEntries(ACTION_TEXTS.map((field) => [field, trimmed(entryText(entry, field))]));
    const values = { performer: entryValue(entry, "performer"), performer_name: entryValue(entry, "performer_name"), due: entryValue(entry, "due") };
    const given = [["text", ""], ...Object.entries(texts), ...Object.entries(values)].filter(([field, value]) => field === "text" || value !== "");
    return Object.fromEntries(given) as MinutesAction;
  });
  return {
    discussion: trimmed(textOf(doc, "discussion")),
    synthesis: trimmed(textOf(doc, "synthesis")),
    decisions: decisions.filter((text) => text !== ""),
    actions: actions.filter((action) => action.text !== ""),
  };
}

const trimmed = (text: Y.Text | undefined): string => text?.toJSON().trim() ?? "";
