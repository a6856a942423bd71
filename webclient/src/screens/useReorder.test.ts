import { describe, expect, it } from "vitest";
import { moved, placeAt } from "./useReorder";

describe("reordering", () => {
  it.each([
    [0, 2, ["b", "c", "a"]],
    [2, 0, ["c", "a", "b"]],
    [1, 1, ["a", "b", "c"]],
  ])("moves from %i to %i", (from, to, expected) => {
    expect(moved(["a", "b", "c"], from, to)).toEqual(expected);
  });
  it.each([
    [5, 0],
    [15, 1],
    [95, 3],
  ])("puts what is held at height %i at place %i", (height, place) => {
    expect(placeAt(height, [10, 30, 50])).toBe(place);
  });
});
