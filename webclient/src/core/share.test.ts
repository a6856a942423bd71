import { expect, it } from "vitest";
import { share } from "./share";

it("keeps what is equal, and the identity of rows that moved", () => {
  const before = { title: "Équipe", items: [{ id: "a", text: "1" }, { id: "b", text: "2" }], can: { write: true } };
  const after = share(before, { title: "Équipe", items: [{ id: "z", text: "0" }, { id: "a", text: "1" }, { id: "b", text: "3" }], can: { write: true } });
  expect(after).toEqual({ title: "Équipe", items: [{ id: "z", text: "0" }, { id: "a", text: "1" }, { id: "b", text: "3" }], can: { write: true } });
  expect(after.can).toBe(before.can);
  expect(after.items[1]).toBe(before.items[0]);
  expect(after.items[2]).not.toBe(before.items[1]);
});

it("gives the old value back when nothing differs, and the new one when a key has gone", () => {
  const before = { a: [1, { b: null }], c: "x" };
  expect(share(before, { a: [1, { b: null }], c: "x" })).toBe(before);
  expect(share<unknown>(before, { a: [1, { b: null }] })).toEqual({ a: [1, { b: null }] });
  expect(share([1, 2, 3], [1, 2])).toEqual([1, 2]);
});
