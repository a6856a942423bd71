/** Pictures of the screens as people see them, and what axe has to say of each. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import sharp from "sharp";
import { axe } from "../browser";
import { foreignWords } from "./languages";
import { PHONE, WIDE, type Person } from "./person";

const kept = process.env["ENSEMBLE_SCREENS"];

/** docs/screens under `make screens`, otherwise a folder of the run. */
export const folder = kept === undefined || kept === "" ? mkdtempSync(join(tmpdir(), "ensemble-screens-")) : kept;
mkdirSync(folder, { recursive: true });

/** What axe found, and what sticks out sideways, by screen: read at the end of the run. */
export const findings: string[] = [];

/**
 * Looks at what somebody has before them, on a phone and on a wide screen: takes
 * a picture of each, and inspects it.
 */
export async function look(person: Person, name: string, at?: Locator): Promise<void> {
  await lookAt(person.page, name, at);
}

/** `at` is brought to the top. */
export async function lookAt(page: Page, name: string, at?: Locator): Promise<void> {
  await inspect(page, name, async (width) => {
    await at?.evaluate((element) => element.scrollIntoView({ block: "start", behavior: "instant" }));
    const picture = await page.screenshot({ caret: "initial" });
    await writeFile(join(folder, `${name}-${String(width)}.png`), kept === undefined || kept === "" ? picture : await fewColours(picture));
  });
}

/** A third of the size, and nobody sees the difference: for pictures that are committed. */
const fewColours = (picture: Buffer): Promise<Buffer> => sharp(picture).png({ palette: true, colours: 128, dither: 0.5, effort: 7 }).toBuffer();

/** Asks axe, and checks that nothing scrolls sideways and that everything speaks one language. */
export async function inspect(page: Page, name: string, picture?: (width: number) => Promise<unknown>): Promise<void> {
  const before = page.viewportSize();
  await page.mouse.move(0, 0); // nothing is pointed at
  // What was just said of something done does not stand before it.
  const said = page.getByRole("region", { name: /^Notifications/u, includeHidden: true }).getByRole("button", { name: /^(?:Fermer|Close)$/u, includeHidden: true });
  for (const close of await said.all()) await close.dispatchEvent("click");
  for (const viewport of [PHONE, WIDE]) {
    await page.setViewportSize(viewport);
    await settled(page);
    await picture?.(viewport.width);
    for (const finding of await axe(page)) findings.push(`${name} at ${String(viewport.width)}: ${finding}`);
    for (const word of await foreignWords(page)) findings.push(`${name} at ${String(viewport.width)}: “${word}” is of the other language`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) findings.push(`${name} at ${String(viewport.width)}: scrolls sideways, ${String(width)} px`);
  }
  if (before !== null && before.width !== WIDE.width) await page.setViewportSize(before);
}

/** Fonts are there, and what moves has come to rest. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((drawn) => {
      requestAnimationFrame(() => requestAnimationFrame(drawn));
    });
    const finite = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    await Promise.allSettled(finite.map((animation) => animation.finished));
  });
}
