import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { axe, openPage, startChromium } from "./browser";
import { serveDist } from "./static";

/**
 * The built interface under its real policy, with a core that is three lines of
 * JavaScript behind Go's loader's name: what is tested here is how tabs come to
 * share one, not what it does.
 */
const LOADER = `
globalThis.Go = class {
  importObject = {};
  async run() {
    const live = [];
    Object.assign(self, {
      ensembleCall: (method) => method === "echo" ? Promise.resolve("1") : method === "device.state" ? Promise.resolve('{"state":"READY","user":"","device":""}') : Promise.reject(Object.assign(new Error(), { code: "unknown" })),
      ensembleWatch: (view, params, cb) => { if (view === "status") cb(JSON.stringify({ phase: "READY", online: true, outbox: 0, version: "t", alarms: [] })); return 1; },
      ensembleUnwatch: () => {},
      ensembleLive: (cb) => live.push(cb),
    });
    self.ensembleReady();
    await new Promise(() => {});
  }
};`;
/** An empty module with a custom section, so that there is something to count. */
const size = 700_000;
const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 0xe0, 0xdc, 0x2a, 1, 0x78, ...new Uint8Array(size - 2)]);

let browser: Browser;
let server: Server;
let address: string;
const overrides = new Map<string, string | Uint8Array>();
const working = (): void => {
  overrides.set("/wasm_exec.js", LOADER);
  overrides.set("/core.wasm", EMPTY);
  overrides.set("/core.json", JSON.stringify({ bytes: EMPTY.length, sha256: "0".repeat(64) }));
};

beforeAll(async () => {
  working();
  ({ server, address } = await serveDist(overrides));
  browser = await startChromium();
});
afterAll(async () => {
  await browser.close();
  server.close();
});

let context: BrowserContext | undefined;
afterEach(async () => {
  working();
  await context?.close();
});

async function first(path = "/"): Promise<{ page: Page; complaints: string[] }> {
  const watched = await openPage(browser);
  context = watched.page.context();
  await watched.page.goto(address + path);
  return watched;
}

const rail = (page: Page): Promise<unknown> => page.getByRole("navigation", { name: "Navigation principale" }).waitFor();
/** What a browser that belongs to nobody yet is shown. */
const door = (page: Page): Promise<unknown> => page.getByRole("heading", { name: "Rejoindre le réseau" }).waitFor();
const cores = (page: Page): number => page.workers().filter((worker) => worker.url().includes("core.worker")).length;

describe("the built interface", () => {
  it("starts under its content security policy with nothing to complain about", async () => {
    const { page, complaints } = await first();
    await rail(page);
    expect(await axe(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it("names nobody to the browser's history, and says so when a page does not exist", async () => {
    const { page, complaints } = await first("/nowhere/at/all");
    await page.getByRole("heading", { name: "Cette page n’existe pas" }).waitFor();
    expect(await page.title()).toBe("Cette page n’existe pas · Ensemble");
    await page.getByRole("button", { name: "Aller à l’accueil" }).click();
    await page.waitForURL(`${address}/`);
    await page.goBack();
    await page.getByRole("heading", { name: "Cette page n’existe pas" }).waitFor();
    expect(complaints).toEqual([]);
  });

  it("says what to do when the core cannot be had, and starts when it can", async () => {
    overrides.set("/core.wasm", new Uint8Array([1, 2, 3]));
    const { page } = await first();
    await page.getByText("Ensemble n’a pas pu se charger").waitFor();
    expect(await axe(page)).toEqual([]);
    working();
    await page.getByRole("button", { name: "Réessayer" }).click();
    await rail(page);
  });

  it("starts the real core, and a second tab shares it", async () => {
    overrides.clear();
    const started = Date.now();
    const { page, complaints } = await first();
    await door(page);
    console.log(`the real core was ready after ${String(Date.now() - started)} ms`);
    const two = await page.context().newPage();
    await two.goto(address);
    await door(two);
    expect([cores(page), cores(two)]).toEqual([1, 0]);
    expect(complaints.filter((c) => c.includes("violation") || c.includes("exception"))).toEqual([]);
  });

  it("refuses an entry whose bytes were changed on the way", async () => {
    const html = readFileSync(new URL("../dist/index.html", import.meta.url), "utf8");
    const entry = /src="(\/assets\/[^"]+)"/.exec(html)?.[1] ?? "";
    overrides.set(entry, "document.body.textContent = 'altered'");
    const { page, complaints } = await first();
    await expect.poll(() => complaints.join("\n")).toContain("integrity");
    expect(await page.textContent("body")).not.toBe("altered");
    overrides.delete(entry);
  });
});

describe("two tabs", () => {
  it("share one core, and the second takes over when the first closes", async () => {
    const { page: one } = await first();
    await rail(one);
    const two = await one.context().newPage();
    await two.goto(address);
    await rail(two);
    expect([cores(one), cores(two)]).toEqual([1, 0]);
    await one.close();
    await expect.poll(() => cores(two)).toBe(1);
    await rail(two);
  });

  it("two that open at the same moment start one core", async () => {
    const watched = await openPage(browser);
    context = watched.page.context();
    const other = await context.newPage();
    await Promise.all([watched.page.goto(address), other.goto(address)]);
    await Promise.all([rail(watched.page), rail(other)]);
    expect(cores(watched.page) + cores(other)).toBe(1);
  });
});
