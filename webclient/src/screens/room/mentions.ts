/** "@Yann Le Goff": finding where one types it, putting it in, finding it again. */
import { matches } from "../../words/lists";

export interface Named {
  readonly user: string;
  readonly name: string;
}

export interface Asked {
  /** Where the "@" stands. */
  readonly from: number;
  /** What was typed after it. */
  readonly typed: string;
}

/** A name is at most this long while it is being typed. */
const LONGEST = 40;

/** The mention that is being typed before the caret, if any. */
export function askedMention(text: string, caret: number): Asked | undefined {
  const from = text.lastIndexOf("@", caret - 1);
  if (from < 0 || caret - from > LONGEST) return undefined;
  if (from > 0 && !/[\s(«“"'’]/u.test(text.charAt(from - 1))) return undefined; // an address, not a name
  const typed = text.slice(from + 1, caret);
  if (/[\n\t]|\s\s/u.test(typed) || typed.startsWith(" ")) return undefined;
  return { from, typed };
}

/** Who is meant, alphabetically as given. */
export function meant<N extends Named & { readonly me?: boolean }>(people: readonly N[], typed: string): N[] {
  return people.filter((one) => one.me !== true && matches(one.name, typed));
}

/** Puts a name in place of what was typed; gives the new text and caret. */
export function putMention(text: string, asked: Asked, caret: number, name: string): { text: string; caret: number } {
  const before = `${text.slice(0, asked.from)}@${name}`;
  const after = text.slice(caret);
  const gap = after.startsWith(" ") ? "" : " ";
  return { text: before + gap + after, caret: before.length + 1 };
}

/** Who is named by "@" in a text. */
export function mentioned(text: string, people: readonly Named[]): string[] {
  return [...new Set(pieces(text, people).flatMap((piece) => (piece.kind === "mention" ? [piece.user] : [])))];
}

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  | { readonly kind: "mention"; readonly text: string; readonly user: string };

const LINK = /https?:\/\/[^\s<>"«»]+[^\s<>"«».,;:!?)\]]/u;

/** A message in pieces: names that stand for people, web addresses, and the rest. */
export function pieces(text: string, people: readonly Named[]): Piece[] {
  const named = people.filter((one) => one.name !== "").toSorted((a, b) => b.name.length - a.name.length);
  const found: Piece[] = [];
  let rest = text;
  let plain = "";
  const put = (piece: Piece, length: number): void => {
    if (plain !== "") found.push({ kind: "text", text: plain });
    plain = "";
    found.push(piece);
    rest = rest.slice(length);
  };
  while (rest !== "") {
    const one = rest.startsWith("@") ? named.find(({ name }) => rest.startsWith(name, 1) && !/^[\p{L}\p{N}]/u.test(rest.slice(name.length + 1))) : undefined;
    const link = one === undefined && rest.startsWith("http") ? LINK.exec(rest) : null;
    if (one !== undefined) put({ kind: "mention", text: `@${one.name}`, user: one.user }, one.name.length + 1);
    else if (link?.index === 0) put({ kind: "link", text: link[0], href: link[0] }, link[0].length);
    else {
      plain += rest.charAt(0);
      rest = rest.slice(1);
    }
  }
  if (plain !== "") found.push({ kind: "text", text: plain });
  return found;
}
