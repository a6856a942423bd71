/** One network, one Chromium, and the people of the story, for one run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterEach, beforeEach } from "vitest";
import { startChromium } from "../browser";
import { film } from "./camera";
import { Network } from "./network";
import { folder } from "./pictures";
import { Person, type Arriving } from "./person";

export class World {
  #network: Network | undefined;
  #browser: Browser | undefined;
  readonly #people = new Map<string, Person>();
  readonly #everybody: Person[] = [];
  /** Files of the run. */
  readonly #kept = mkdtempSync(join(tmpdir(), "ensemble-world-"));

  async begin(...args: readonly string[]): Promise<void> {
    this.#network = await Network.start(...args);
    this.#browser = await startChromium(`--use-file-for-fake-video-capture=${film(this.#kept)}`);
  }

  async end(): Promise<void> {
    for (const person of this.#people.values()) await person.leave();
    await this.#browser?.close();
    await this.#network?.stop();
    rmSync(this.#kept, { recursive: true, force: true });
  }

  get network(): Network {
    if (this.#network === undefined) throw new Error("the network has not begun");
    return this.#network;
  }

  /** Somebody opens their browser for the first time; `as` tells two devices of one persona apart. */
  async arrive(key: string, options: Arriving = {}, as = key): Promise<Person> {
    if (this.#browser === undefined) throw new Error("Chromium has not begun");
    const person = await Person.arrive(this.#browser, this.network, key, options);
    this.#people.set(as, person);
    this.#everybody.push(person);
    return person;
  }

  /** Somebody who has arrived. */
  person(key: string): Person {
    const person = this.#people.get(key);
    if (person === undefined) throw new Error(`${key} has not arrived`);
    return person;
  }

  async leave(key: string): Promise<void> {
    await this.person(key).leave();
    this.#people.delete(key);
  }

  /** What any browser complained of until now, those that were closed included. */
  complaints(): string[] {
    return this.#everybody.flatMap((person) => person.complaints);
  }

  /** Pictures of every open page, for whoever looks why a step failed. */
  async witness(step: string): Promise<string[]> {
    const taken: string[] = [];
    for (const [key, person] of this.#people) {
      for (const [n, page] of person.context.pages().entries()) {
        const path = `${folder}/failed-${step.replaceAll(/\W+/gu, "-")}-${key}-${String(n)}.png`;
        await page.screenshot({ path, timeout: 10_000 }).then(
          () => taken.push(path),
          () => undefined, // a page that hangs is no reason to hide why
        );
      }
    }
    return taken;
  }
}

/** The steps of a story: when one fails, those after it have nothing to stand on and are left out. */
export function stepByStep(world: World): void {
  let failed = false;
  beforeEach((context) => {
    if (failed) context.skip("an earlier step failed");
  });
  afterEach(async (context) => {
    if (context.task.result?.state !== "fail") return;
    failed = true;
    const pictures = await world.witness(context.task.name);
    // oxlint-disable-next-line no-console -- for whoever looks why it failed
    console.error([...pictures, ...world.complaints(), ...world.network.log].join("\n"));
  });
}
