import { describe, expect, it } from "vitest";
import { match, to } from "./routes";

describe("routes", () => {
  it.each([
    ["/", "home", {}],
    ["/case/new", "case-new", {}],
    ["/case/abc", "case", { id: "abc" }],
    ["/case/abc/", "case", { id: "abc" }],
    ["/case/abc/consents", "consents", { id: "abc" }],
    ["/case/abc/documents", "documents", { id: "abc" }],
    ["/case/abc/plan", "plan", { id: "abc" }],
    ["/room/r1", "room", { id: "r1" }],
    ["/agenda", "agenda", {}],
    ["/session/new", "session-new", {}],
    ["/session/s", "session", { id: "s" }],
    ["/session/s/lobby", "lobby", { id: "s" }],
    ["/session/s/live", "live", { id: "s" }],
    ["/session/s/minutes/i%20j", "minutes", { id: "s", item: "i j" }],
    ["/network", "network", {}],
    ["/settings", "settings", {}],
    ["/enrol", "enrol", {}],
  ])("%s is %s", (path, screen, params) => {
    expect(match(path)).toMatchObject({ screen, params });
  });

  it.each(["/nowhere", "/case", "/case//plan", "/case/a/b", "/session/s/minutes", "/case/%E0%A4%A", ""])("%s is nothing", (path) => {
    expect(match(path)).toBeUndefined();
  });

  it("makes paths that lead where they say, whatever the id", () => {
    for (const id of ["abc", "a/b", "é ?#%"]) {
      expect(match(to.case(id))).toMatchObject({ screen: "case", params: { id } });
      expect(match(to.consents(id))).toMatchObject({ screen: "consents", params: { id } });
      expect(match(to.room(id))).toMatchObject({ screen: "room", params: { id } });
      expect(match(to.live(id))).toMatchObject({ screen: "live", bare: true, params: { id } });
      expect(match(to.minutes("s", id))).toMatchObject({ screen: "minutes", params: { id: "s", item: id } });
    }
  });
});
