/** Every scene of every screen, on a phone and a wide screen, light and dark, French and English: axe finds nothing, nothing sticks out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
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

/** Until nothing has changed on the page for a while: lazy fields, fonts and first effects are there. */
async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise<void>((resolve) => {
      const quiet = 250;
      let timer = setTimeout(done, quiet);
      const observer = new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(done, quiet);
      });
      observer.observe(document.body, { childList: true, subtree: true, attributes: true });
      function done(): void {
        observer.disconnect();
        resolve();
      }
    });
  });
}

describe.each([
  ["phone", { width: 390, height: 844 }, "light", "fr"],
  ["wide", { width: 1440, height: 900 }, "dark", "en"],
])("on a %s screen", (name, viewport, theme, locale) => {
  it.each(Object.keys(SCENES))("%s has nothing for axe, and nothing sticks out", async (scene) => {
    const { page, complaints } = await openPage(browser, { viewport, hasTouch: name === "phone", reducedMotion: "reduce", timezoneId: "Europe/Paris" });
    await page.goto(`${address}?scene=${scene}&theme=${theme}&locale=${locale}`);
    await settled(page);
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
