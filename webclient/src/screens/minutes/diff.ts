/** What changed between two texts, word by word, and between two lists, entry by entry. */
export interface Piece {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** Words with the space behind them, so that joining them gives the text again. */
const words = (text: string): string[] => text.match(/\S+\s*|\s+/gu) ?? [];

/** Above this many words on a side, a text counts as written anew. */
const MAX = 3000;

export function diffWords(before: string, after: string): Piece[] {
  if (before === after) return before === "" ? [] : [{ kind: "same", text: after }];
  return merged(diff(words(before), words(after)));
}

/** Entries of a list: those that stayed, came and went, in the order of the new list. */
export function diffList(before: readonly string[], after: readonly string[]): Piece[] {
  return diff(before, after);
}

const same = (text: string): Piece => ({ kind: "same", text });

/** The longest common subsequence, by dynamic programming behind a common head and tail. */
function diff(before: readonly string[], after: readonly string[]): Piece[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const [a, b] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  return [...before.slice(0, head).map(same), ...middle(a, b), ...before.slice(before.length - tail).map(same)];
}

function middle(a: readonly string[], b: readonly string[]): Piece[] {
  const gone = (): Piece[] => a.map((text) => ({ kind: "removed", text }));
  const come = (): Piece[] => b.map((text) => ({ kind: "added", text }));
  if (a.length === 0 || b.length === 0 || a.length > MAX || b.length > MAX) return [...gone(), ...come()];
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const out: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      out.push({ kind: "same", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      out.push({ kind: "removed", text: left });
      i += 1;
    } else if (right !== undefined) {
      out.push({ kind: "added", text: right });
      j += 1;
    }
  }
  return out;
}

function merged(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last?.kind === piece.kind) out[out.length - 1] = { kind: last.kind, text: last.text + piece.text };
    else out.push(piece);
  }
  return out;
}
