/** Every scene of every screen, on a phone and a wide screen, light and dark, French and English: axe finds nothing, nothing sticks out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page, Request } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axe, openPage, startChromium } from "./browser";
import { SCENES } from "./scenes";

const root = new URL("..", import.meta.url).pathname;
const outDir = mkdtempSync(join(tmpdir(), "ensemble-screens-"));
let server: PreviewServer;
let browser: Browser;
let address: string;

// Built once, bundled: eighty pages of separate modules take minutes on two cores.
beforeAll(async () => {
  await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true, minify: false, rollupOptions: { input: join(root, "e2e/pages/screens.html") } } });
  server = await preview({ root, logLevel: "error", build: { outDir }, preview: { port: 0, host: "127.0.0.1" } });
  const at = server.httpServer.address();
  if (at === null || typeof at !== "object") throw new Error("no address");
  address = `http://127.0.0.1:${String(at.port)}/e2e/pages/screens.html`;
  browser = await startChromium();
});
afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(outDir, { recursive: true });
});

/** When the scenes are looked at: where their days end, and so what is in view, would depend on the hour. */
const NOW = "2026-01-12T15:20:00+01:00";

/**
 * As long as counts as quiet, in frames that were really drawn, since a busy machine draws few: half a second, for
 * React holds a part that has come back for up to 300 ms after it has shown that it waits.
 */
const QUIET_FRAMES = 30;

/** Follows what the page asks for, and says whether an answer is still to come. */
function follow(page: Page): () => boolean {
  const asked = new Set<Request>();
  page.on("request", (request) => asked.add(request));
  page.on("requestfinished", (request) => asked.delete(request));
  page.on("requestfailed", (request) => asked.delete(request));
  return () => asked.size > 0;
}

/** Until everything has come and nothing changes any more: lazy parts, fonts and first effects are there. */
async function settled(page: Page, waiting: () => boolean): Promise<void> {
  await page.locator("h1").first().waitFor();
  do {
    await expect.poll(waiting, { timeout: 20_000 }).toBe(false);
    await page.evaluate(async (frames) => {
      await document.fonts.ready;
      await new Promise<void>((resolve) => {
        let quiet = 0;
        const observer = new MutationObserver(() => (quiet = 0));
        observer.observe(document.body, { childList: true, subtree: true, attributes: true });
        requestAnimationFrame(function drawn() {
          quiet += 1;
          if (quiet <= frames) {
            requestAnimationFrame(drawn);
            return;
          }
          observer.disconnect();
          resolve();
        });
      });
    }, QUIET_FRAMES);
  } while (waiting());
}

describe.each([
  ["phone", { width: 390, height: 844 }, "light", "fr"],
  ["wide", { width: 1440, height: 900 }, "dark", "en"],
])("on a %s screen", (name, viewport, theme, locale) => {
  it.each(Object.keys(SCENES))("%s has nothing for axe, and nothing sticks out", async (scene) => {
    const { page, complaints } = await openPage(browser, { viewport, hasTouch: name === "phone", reducedMotion: "reduce", timezoneId: "Europe/Paris" });
    await page.clock.setFixedTime(NOW);
    const waiting = follow(page);
    await page.goto(`${address}?scene=${scene}&theme=${theme}&locale=${locale}`);
    await settled(page, waiting);
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
