import { expect, it } from "vitest";
import { overwriteGetLocale } from "../paraglide/runtime.js";
import { CoreError, explain } from "./errors";

it.each(["fr", "en"] as const)("says what happened and what to do, in %s", (locale) => {
  overwriteGetLocale(() => locale);
  const known = explain("removal_pending");
  expect(known.title).not.toContain("error_");
  expect(known.advice.length).toBeGreaterThan(10);
  expect(explain("forked").grave).toBe(true);
  expect(explain("something_new")).toEqual(explain("internal"));
  expect(explain("toString")).toEqual(explain("internal"));
});

it("wraps whatever was thrown", () => {
  expect(CoreError.of(new TypeError("x"))).toMatchObject({ code: "internal", detail: "x" });
  const error = new CoreError({ code: "sealed" });
  expect(CoreError.of(error)).toBe(error);
});
