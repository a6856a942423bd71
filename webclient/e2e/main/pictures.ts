/** Pictures of the screens as people see them, and what axe has to say of each. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { axe } from "../browser";
import { PHONE, WIDE, type Person } from "./person";

const kept = process.env["ENSEMBLE_SCREENS"];

/** docs/screens under `make screens`, otherwise a folder of the run. */
export const folder = kept === undefined || kept === "" ? mkdtempSync(join(tmpdir(), "ensemble-screens-")) : kept;
mkdirSync(folder, { recursive: true });

/** What axe found, and what sticks out sideways, by screen: read at the end of the run. */
export const findings: string[] = [];

/**
 * Looks at what somebody has before them, on a wide screen and on a phone: takes
 * a picture of each, asks axe, and checks that nothing scrolls sideways.
 */
export async function look(person: Person, name: string): Promise<void> {
  await lookAt(person.page, name);
}

export async function lookAt(page: Page, name: string): Promise<void> {
  for (const viewport of [PHONE, WIDE]) {
    await page.setViewportSize(viewport);
    await settled(page);
    await page.screenshot({ path: join(folder, `${name}-${String(viewport.width)}.png`), caret: "initial" });
    for (const finding of await axe(page)) findings.push(`${name} at ${String(viewport.width)}: ${finding}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) findings.push(`${name} at ${String(viewport.width)}: scrolls sideways, ${String(width)} px`);
  }
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
