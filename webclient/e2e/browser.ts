/** Chromium for the tests: found, started, and watched for anything it complains about. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection",
];

/** With further arguments of the command line. */
export function startChromium(...args: readonly string[]): Promise<Browser> {
  const path = process.env["CHROMIUM"];
  return chromium.launch({ executablePath: path === undefined || path === "" ? "/usr/bin/chromium" : path, headless: true, args: [...ARGUMENTS, ...args] });
}

export interface Watched {
  readonly page: Page;
  /** Errors of the console, exceptions, violations of the content security policy. */
  readonly complaints: string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ locale: "fr-FR", ...options });
  const page = await context.newPage();
  page.setDefaultNavigationTimeout(120_000); // a busy machine compiles slowly
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`${message.type()}: ${message.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      // oxlint-disable-next-line no-console -- read by the test
      console.error(`violation of ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
    });
  });
  return { page, complaints };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds on a page, in words; nothing is what it should be. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    // What react-aria reads aloud stands for seconds beside the page, and may outlive what it names.
    const { axe: checker } = globalThis as unknown as {
      axe: { run(context: object, options: object): Promise<{ violations: Array<{ id: string; help: string; nodes: Array<{ html: string; failureSummary: string }> }> }> };
    };
    const { violations } = await checker.run({ exclude: [["[data-live-announcer]"]] }, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}\n  ${n.html.slice(0, 200)}\n  ${n.failureSummary}`));
  });
}
