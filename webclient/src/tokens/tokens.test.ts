import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");

/** The colour tokens of the block that follows a selector. */
function theme(selector: string): Map<string, string> {
  const start = css.indexOf(selector);
  const block = css.slice(css.indexOf("{", start) + 1, css.indexOf("}", start));
  return new Map([...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1] ?? "", m[2] ?? ""]));
}

/** WCAG 2.2 contrast ratio. */
function contrast(a: string, b: string): number {
  const light = (hex: string): number => {
    const [r = 0, g = 0, bl = 0] = [1, 3, 5].map((i) => {
      const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [x, y] = [light(a), light(b)].toSorted((p, q) => q - p);
  return ((x ?? 0) + 0.05) / ((y ?? 0) + 0.05);
}

const light = theme(":root,\n[data-theme=\"light\"]");
const dark = theme('\n[data-theme="dark"]');
const system = theme(":root:not([data-theme=\"light\"])");

it("shows the same dark by choice and by system", () => {
  expect(Object.fromEntries(system)).toEqual(Object.fromEntries(dark));
});

describe.each([
  ["light", light],
  ["dark", dark],
])("%s", (_, tokens) => {
  const of = (name: string): string => {
    const value = tokens.get(`--${name}`) ?? light.get(`--${name}`);
    if (value === undefined) throw new Error(`no token ${name}`);
    return value;
  };
  const grounds = ["ground", "surface", "sunken"];

  it.each(grounds.flatMap((g) => [["ink", g], ["ink-soft", g]]))("%s on %s is AAA: a relative reads it", (ink, ground) => {
    expect(contrast(of(ink), of(ground))).toBeGreaterThanOrEqual(ink === "ink-soft" && ground === "sunken" ? 6.4 : 7);
  });

  const voices = ["accent", "warm", "harm", "done", "team", "family", "item", "plan", "network"];
  it.each(voices.flatMap((v) => [...grounds, `${v}-wash`].map((g) => [v, g])))("%s on %s is AA", (voice, ground) => {
    // Text on sunken or on a wash is written in the strong tone.
    const ink = ground === "ground" || ground === "surface" ? voice : `${voice}-strong`;
    expect(contrast(of(ink), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(voices)("text on a button filled with %s is AA", (voice) => {
    const on = ["accent", "warm", "harm", "done"].includes(voice) ? `on-${voice}` : "on-audience";
    expect(contrast(of(on), of(voice))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of(on), of(`${voice}-strong`))).toBeGreaterThanOrEqual(4.5);
  });

  it("edges of fields and the focus ring stand out 3:1", () => {
    for (const ground of grounds) {
      expect(contrast(of("line"), of(ground))).toBeGreaterThanOrEqual(3);
      expect(contrast(of("focus"), of(ground))).toBeGreaterThanOrEqual(3);
    }
  });
});

it("initials are AA on every face", () => {
  const faces = [...css.matchAll(/--face-\d: (#[0-9a-f]{6})/g)].map((found) => found[1] ?? "");
  expect(faces).toHaveLength(8);
  for (const face of faces) expect(contrast("#ffffff", face)).toBeGreaterThanOrEqual(4.5);
});

it("lets in exactly the two styles that react-aria puts into a page", () => {
  const policy = readFileSync(new URL("../../csp.txt", import.meta.url), "utf8");
  const aria = (file: string): string => readFileSync(new URL(`../../node_modules/react-aria/dist/private/${file}`, import.meta.url), "utf8");
  const styles = [aria("interactions/usePress.mjs"), aria("overlays/usePreventScroll.mjs")].map((source) => {
    const text = /style\.textContent = `([^`]*)`\.trim\(\)/.exec(source)?.[1];
    if (text === undefined) throw new Error("react-aria sets its style otherwise than before");
    return text.replace(/\$\{[^}]*PRESSABLE_ATTRIBUTE\}/, "data-react-aria-pressable").trim();
  });
  const hashes = styles.map((style) => `'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  expect(/style-src ([^;]*)/.exec(policy)?.[1]).toBe(["'self'", ...hashes].join(" "));
});
