// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { overwriteGetLocale } from "../../paraglide/runtime.js";
import { byDay, spacedINS, tellAccess, tellRow } from "./timeline";

beforeEach(() => overwriteGetLocale(() => "fr"));

const row = (kind: string, text?: string): Parameters<typeof tellRow>[0] => ({ at: 0, kind, by: "Camille Renaud", room: "r", ...(text === undefined ? {} : { text }) });

describe("what happened to a case", () => {
  it.each([
    ["case.life_project", undefined, "Camille Renaud a recueilli les mots de la personne"],
    ["consent.refused", "Philippe Marchal", "Philippe Marchal\u00A0: refusé par la personne"],
    ["receipt", "Hélène Marchal", "Accord pour Hélène Marchal, enregistré par Camille Renaud"],
    ["withdrawal", "Paul Lenoir", "Accord retiré pour Paul Lenoir, par Camille Renaud"],
    ["room.opened", "TEAM", "Camille Renaud a ouvert «\u00A0Fil de l’équipe\u00A0»"],
    ["something.newer", undefined, "Camille Renaud a mis à jour le dossier"],
  ])("%s is told in plain words", (kind, text, words) => {
    expect(tellRow(row(kind, text))).toBe(words);
  });
});

describe("who has looked", () => {
  it.each([
    ["READ", undefined, "a lu le dossier"],
    ["DOCUMENT", "Ordonnance.pdf", "a ouvert «\u00A0Ordonnance.pdf\u00A0»"],
    ["DOCUMENT", undefined, "a ouvert un document"],
    ["REFUSED", undefined, "a demandé l’accès\u00A0: refusé"],
    ["NEWER", undefined, "a accédé au dossier"],
  ])("%s %s", (what, text, words) => {
    expect(tellAccess({ at: 0, by: "x", what, ...(text === undefined ? {} : { text }) })).toBe(words);
  });
});

describe("rows by day", () => {
  it("keep their order, and a day that comes twice apart stays apart", () => {
    const dayOf = (at: number): string => String(Math.floor(at / 10));
    expect(byDay([{ at: 25 }, { at: 21 }, { at: 11 }, { at: 29 }], dayOf).map((d) => [d.day, d.rows.length])).toEqual([["2", 2], ["1", 1], ["2", 1]]);
    expect(byDay([], dayOf)).toEqual([]);
  });
});

describe("an INS", () => {
  it("is spaced as people read it", () => {
    expect(spacedINS("238059999900106")).toBe("2 38 05 99 999 001 06".replaceAll(" ", "\u00A0"));
  });
  it("of another length is left alone", () => {
    expect(spacedINS("23805")).toBe("23805");
    expect(spacedINS("")).toBe("");
  });
});
