import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axe, openPage, startChromium } from "./browser";

let server: ViteDevServer;
let browser: Browser;
let address: string;
const out = new URL("out/", import.meta.url).pathname;

beforeAll(async () => {
  mkdirSync(out, { recursive: true });
  server = await createServer({ root: new URL("..", import.meta.url).pathname, logLevel: "error", server: { port: 0, host: "127.0.0.1", hmr: false, watch: null } });
  await server.listen();
  const at = server.httpServer?.address();
  if (at === null || typeof at !== "object") throw new Error("no address");
  address = `http://127.0.0.1:${String(at.port)}/e2e/pages/kitchen.html`;
  browser = await startChromium();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

describe.each([
  ["wide", WIDE],
  ["phone", PHONE],
])("on a %s screen", (name, viewport) => {
  it.each(["kit", "shell", "boot", "kit&open=dialog", "kit&open=sheet", "kit&open=confirm"].flatMap((part) => [
    [part, "light", "fr"],
    [part, "dark", part === "shell" ? "en" : "fr"],
  ]))("%s in %s (%s) has nothing for axe, and nothing sticks out", async (part, theme, locale) => {
    const { page, complaints } = await openPage(browser, { viewport, hasTouch: name === "phone", reducedMotion: "reduce" });
    await page.goto(`${address}?part=${part}&theme=${theme}&locale=${locale}`);
    await page.locator("#root > *").first().waitFor();
    await page.evaluate(() => document.fonts.ready);
    await page.evaluate(() =>
      Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY).map((a) => a.finished)),
    );
    await page.screenshot({ path: `${out}${name}-${theme}-${part.replaceAll(/[&=]/g, "-")}.png`, fullPage: part === "kit" });
    expect(await axe(page)).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(viewport.width);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
