// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { askedMention, meant, mentioned, pieces, putMention } from "./mentions";

const PEOPLE = [
  { user: "c", name: "Camille Renaud", me: true },
  { user: "h", name: "Hélène Marchal" },
  { user: "v", name: "Dr Antoine Vidal" },
  { user: "y", name: "Yann" },
  { user: "l", name: "Yann Le Goff" },
];

describe("a mention that is being typed", () => {
  it.each([
    ["@", 1, { from: 0, typed: "" }],
    ["Bonjour @hel", 12, { from: 8, typed: "hel" }],
    ["Bonjour @Yann Le", 16, { from: 8, typed: "Yann Le" }],
    ["(@v", 3, { from: 1, typed: "v" }],
  ])("is seen in %j", (text, caret, asked) => {
    expect(askedMention(text, caret)).toEqual(asked);
  });

  it.each([
    ["an address", "vidal@reseau.example", 20],
    ["a lone at sign", "5 @ 6", 5],
    ["another line", "@yann\nbonjour", 13],
    ["a text without one", "bonjour", 7],
  ])("is not seen in %s", (_, text, caret) => {
    expect(askedMention(text, caret)).toBeUndefined();
  });

  it("finds people by any word of their name, without accents, and never me", () => {
    expect(meant(PEOPLE, "hele").map((p) => p.user)).toEqual(["h"]);
    expect(meant(PEOPLE, "goff").map((p) => p.user)).toEqual(["l"]);
    expect(meant(PEOPLE, "").map((p) => p.user)).toEqual(["h", "v", "y", "l"]);
  });

  it("is replaced by the whole name, and the caret stands after it", () => {
    expect(putMention("Bonjour @hel !", { from: 8, typed: "hel" }, 12, "Hélène Marchal")).toEqual({ text: "Bonjour @Hélène Marchal !", caret: 24 });
    expect(putMention("@v", { from: 0, typed: "v" }, 2, "Yann")).toEqual({ text: "@Yann ", caret: 6 });
  });
});

describe("a message in pieces", () => {
  it("tells the longer name from the one that begins it", () => {
    expect(mentioned("Merci @Yann Le Goff et @Yann", PEOPLE)).toEqual(["l", "y"]);
    expect(mentioned("@Yannick", PEOPLE)).toEqual([]);
  });

  it("names each person once", () => {
    expect(mentioned("@Yann @Yann", PEOPLE)).toEqual(["y"]);
  });

  it("keeps every character of the text", () => {
    const text = "Voir https://has-sante.fr/pps?x=1, puis @Hélène Marchal. 👩‍⚕️ @personne http";
    expect(pieces(text, PEOPLE).map((p) => p.text).join("")).toBe(text);
  });

  it("makes a link of a web address, without the comma after it", () => {
    expect(pieces("https://has-sante.fr/pps, oui", [])[0]).toEqual({ kind: "link", text: "https://has-sante.fr/pps", href: "https://has-sante.fr/pps" });
  });

  it("makes no link of anything else", () => {
    expect(pieces("javascript:alert(1) ftp://x", []).every((p) => p.kind === "text")).toBe(true);
  });
});
