import { describe, expect, it } from "vitest";
import { hue, initials } from "./Avatar";

describe("initials", () => {
  it.each([
    ["Odette Marchal", "OM"],
    ["Dr Émilie Vidal", "ÉV"],
    ["Dr Okafor", "O"],
    ["Mme Traoré", "T"],
    ["M. Aydin", "A"],
    ["Yann Le Goff", "YG"],
    ["Jean-Pierre d’Arc", "JA"],
    ["𝒜lice", "𝒜"],
    ["Dr", "D"],
    ["", "?"],
    ["  ", "?"],
  ])("of %s are %s", (name, letters) => {
    expect(initials(name)).toBe(letters);
  });
});

it("gives the same person the same colour, and many people many colours", () => {
  expect(hue("abc")).toBe(hue("abc"));
  const colours = new Set(Array.from({ length: 100 }, (_, i) => hue(`user-${String(i)}`)));
  expect(colours.size).toBe(8);
});
