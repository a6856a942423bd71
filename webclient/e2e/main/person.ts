/** Somebody at their own browser: a context with its own keys, watched for every complaint. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { countFrames } from "./frames";
import { Line } from "./line";
import type { Network } from "./network";

/** How long a condition may take while two cores carry five browsers. */
export const PATIENCE = 60_000;

export const WIDE = { width: 1440, height: 900 };
/** Wide enough for a sheet beside the faces, and cheap to draw again with every picture of a film. */
export const SMALL = { width: 960, height: 600 };
export const PHONE = { width: 390, height: 844 };

/** What a browser says of a network that was taken away on purpose. */
const NO_NETWORK = /net::ERR_(?:PROXY|TUNNEL|EMPTY|CONNECTION|INTERNET|NETWORK|SOCKET)/;

/** The rail's places in French, and in English. */
const SECTIONS = { Accueil: "Home", Dossiers: "Cases", Agenda: "Agenda", Réseau: "Network", Réglages: "Settings" } as const;

export interface Arriving extends BrowserContextOptions {
  /** With a way to the network that can be cut. */
  readonly ownLine?: boolean;
}

export class Person {
  readonly key: string;
  readonly address: string;
  readonly context: BrowserContext;
  /** Whether their browser asks for English. */
  readonly english: boolean;
  /** Errors and warnings of consoles, exceptions, violations of the content security policy. */
  readonly complaints: string[] = [];
  readonly #line: Line | undefined;
  #page: Page | undefined;

  private constructor(key: string, address: string, context: BrowserContext, english: boolean, line: Line | undefined) {
    this.english = english;
    this.#line = line;
    this.key = key;
    this.address = address;
    this.context = context;
  }

  /** Opens a persona's origin in a browser that has never been there, until home is shown. */
  static async arrive(browser: Browser, network: Network, key: string, { ownLine = false, ...options }: Arriving = {}): Promise<Person> {
    const line = ownLine ? await Line.open(network.port) : undefined;
    const context = await browser.newContext({
      locale: "fr-FR",
      timezoneId: "Europe/Paris",
      viewport: WIDE,
      permissions: ["camera", "microphone"],
      ...(line !== undefined && { proxy: line.proxy }),
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        // oxlint-disable-next-line no-console -- read by the test
        console.error(`violation of ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
      });
    });
    await countFrames(context);
    const person = new Person(key, network.address(key), context, options.locale?.startsWith("en") === true, line);
    person.#watch();
    await person.open("/");
    await person.navigation.waitFor();
    await person.page.getByRole("searchbox").waitFor(); // home, and not arrival
    return person;
  }

  /** The tab that is looked at. */
  get page(): Page {
    if (this.#page === undefined) throw new Error(`${this.key} has no tab open`);
    return this.#page;
  }
  get navigation(): Locator {
    return this.page.getByRole("navigation", { name: /Navigation principale|Main navigation/ });
  }
  get title(): Locator {
    return this.page.getByRole("heading", { level: 1 });
  }

  /** The words of their language. */
  says<T>(french: T, english: T): T {
    return this.english ? english : french;
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }
  link(name: string | RegExp): Locator {
    return this.page.getByRole("link", { name });
  }
  field(name: string | RegExp): Locator {
    return this.page.getByRole("textbox", { name });
  }
  dialog(name: string | RegExp): Locator {
    return this.page.getByRole("dialog", { name }).or(this.page.getByRole("alertdialog", { name }));
  }

  /** By the rail, as one goes. */
  async go(section: keyof typeof SECTIONS): Promise<void> {
    await this.navigation.getByRole("link", { name: this.says(section, SECTIONS[section]) }).click();
  }

  /** Their way to the network, for those who arrived with one of their own. */
  get line(): Line {
    if (this.#line === undefined) throw new Error(`${this.key} has no line of their own`);
    return this.#line;
  }

  /** Opens a tab there and looks at it; the tabs before stay open. */
  async open(path: string): Promise<Page> {
    this.#page = await this.context.newPage();
    await this.#page.goto(this.address + path);
    return this.#page;
  }
  /** Looks at another tab. */
  async lookAt(page: Page): Promise<void> {
    this.#page = page;
    await page.bringToFront();
  }

  async leave(): Promise<void> {
    await this.context.close();
    this.#line?.close();
  }

  #watch(): void {
    const complain = (what: string): void => {
      if (this.#line === undefined || !NO_NETWORK.test(what)) this.complaints.push(`${this.key}: ${what}`);
    };
    this.context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complain(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    this.context.on("weberror", (error) => complain(`exception: ${error.error().message}`));
    this.context.on("page", (page) => page.on("crash", () => complain("a page crashed")));
  }
}
