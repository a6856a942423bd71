import { describe, expect, it } from "vitest";
import { diffList, diffWords, type Piece } from "./diff";

const side = (pieces: readonly Piece[], without: Piece["kind"]): string =>
  pieces
    .filter((piece) => piece.kind !== without)
    .map((piece) => piece.text)
    .join("");

describe("the difference of two texts", () => {
  it.each([
    ["", ""],
    ["", "Odette reste chez elle."],
    ["Odette reste chez elle.", ""],
    ["Odette reste chez elle.", "Odette veut rester chez elle, au rez-de-chaussée."],
    ["un deux trois quatre", "deux un quatre trois"],
    ["a  b\n\nc", "a b\nc"],
  ])("gives both back: %o, %o", (before, after) => {
    const pieces = diffWords(before, after);
    expect(side(pieces, "added")).toBe(before);
    expect(side(pieces, "removed")).toBe(after);
  });

  it("marks words, not the whole", () => {
    expect(diffWords("Elle reste chez elle avec une aide.", "Elle reste chez elle avec deux passages.")).toEqual([
      { kind: "same", text: "Elle reste chez elle avec " },
      { kind: "removed", text: "une aide." },
      { kind: "added", text: "deux passages." },
    ]);
  });

  it("says that very long texts were written anew rather than hang", () => {
    const long = Array.from({ length: 8000 }, (_, i) => `mot${String(i)}`).join(" ");
    expect(diffWords(long, long.toUpperCase())).toHaveLength(2);
  });
});

it("the difference of two lists keeps the order of the new one", () => {
  expect(diffList(["rester", "APA"], ["rester", "téléalarme", "APA"]).map((p) => `${p.kind} ${p.text}`)).toEqual(["same rester", "added téléalarme", "same APA"]);
});
