import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openPage, startChromium, type Watched } from "./browser";
import type { Medium } from "../src/media/frames";
import type { Participant, Seen } from "./pages/call";

declare const participant: Participant;

const module = new URL("../..", import.meta.url).pathname;
let server: ViteDevServer;
let browser: Browser;
let sfu: ChildProcess;
let address: string;
let socket: string;
let calls = 0;

beforeAll(async () => {
  const binary = join(mkdtempSync(join(tmpdir(), "sfu-")), "sfu");
  execFileSync("go", ["build", "-o", binary, "./webclient/e2e/sfu"], { cwd: module, stdio: "inherit" });
  sfu = spawn(binary, { stdio: ["pipe", "pipe", "inherit"] });
  if (sfu.stdout === null) throw new Error("no output");
  const lines = createInterface(sfu.stdout)[Symbol.asyncIterator]();
  socket = String((await lines.next()).value);
  server = await createServer({ root: new URL("..", import.meta.url).pathname, logLevel: "error", server: { port: 0, host: "127.0.0.1", hmr: false, watch: null } });
  await server.listen();
  const at = server.httpServer?.address();
  if (at === null || typeof at !== "object") throw new Error("no address");
  address = `http://127.0.0.1:${String(at.port)}/e2e/pages/call.html`;
  browser = await startChromium();
});
afterAll(async () => {
  await browser.close();
  await server.close();
  sfu.stdin?.end();
});

class Person {
  readonly #watched: Watched;
  constructor(watched: Watched) {
    this.#watched = watched;
  }
  static async come(call: string, peer: string): Promise<Person> {
    const watched = await openPage(browser, { permissions: ["camera", "microphone"] });
    await watched.page.goto(address);
    await watched.page.waitForFunction(() => "participant" in globalThis);
    await watched.page.evaluate(([s, c, p]) => participant.join(s ?? "", c ?? "", p ?? ""), [socket, call, peer]);
    const person = new Person(watched);
    people.push(person);
    return person;
  }
  key(epoch: number, leaf: number, fill = epoch): Promise<void> {
    return this.#watched.page.evaluate(([e, l, f]) => participant.key(e ?? 0, l ?? 0, f ?? 0), [epoch, leaf, fill]);
  }
  publish(medium: Medium): Promise<void> {
    return this.#watched.page.evaluate((m) => participant.publish(m), medium);
  }
  unpublish(medium: Medium): Promise<void> {
    return this.#watched.page.evaluate((m) => participant.unpublish(m), medium);
  }
  reconnect(): Promise<void> {
    return this.#watched.page.evaluate(() => participant.reconnect());
  }
  see(): Promise<Seen> {
    return this.#watched.page.evaluate(() => participant.see());
  }
  leave(): Promise<void> {
    return this.#watched.page.evaluate(() => participant.leave());
  }
  /** Waits until what is seen fits, and gives it. */
  async until(what: string, fits: (seen: Seen) => boolean, milliseconds = 20_000): Promise<Seen> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const seen = await this.see();
      if (fits(seen)) return seen;
      if (Date.now() > end) throw new Error(`not seen in time: ${what}\n${JSON.stringify(seen, null, 1)}\n${this.#watched.complaints.join("\n")}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 150);
      });
    }
  }
  async close(): Promise<void> {
    await this.#watched.page.context().close();
  }
  get complaints(): string[] {
    return this.#watched.complaints;
  }
}

let people: Person[] = [];
afterEach(async () => {
  for (const person of people) await person.close();
  people = [];
});

const newCall = (): string => `call-${String((calls += 1))}`;
const decoded = (seen: Seen, peer: string, medium: string): number => seen.remote.find((r) => r.peer === peer && r.medium === medium)?.framesDecoded ?? 0;

describe("a call through the forwarding unit", () => {
  it("shows each the other's picture and voice, and who it is by the frames themselves", async () => {
    const call = newCall();
    const [camille, vidal] = [await Person.come(call, "camille"), await Person.come(call, "vidal")];
    await camille.key(1, 4);
    await vidal.key(1, 7);
    for (const person of [camille, vidal]) {
      await person.publish("camera");
      await person.publish("audio");
    }
    const seen = await camille.until("20 frames of Vidal", (s) => decoded(s, "vidal", "camera") > 20);
    await vidal.until("20 frames of Camille", (s) => decoded(s, "camille", "camera") > 20);
    await camille.until("Vidal's voice", (s) => s.remote.some((r) => r.medium === "audio" && r.leaf === 7));
    expect(seen.remote.find((r) => r.medium === "camera")).toMatchObject({ peer: "vidal", leaf: 7, unreadable: false });
    expect(camille.complaints).toEqual([]);
  });

  it("shows nothing to one without the key, says so, and shows it when the key comes", async () => {
    const call = newCall();
    const [camille, paul] = [await Person.come(call, "camille"), await Person.come(call, "paul")];
    await camille.key(1, 0);
    await camille.publish("camera");
    const without = await paul.until("frames that cannot be read", (s) => (s.refused["receive.no_key"] ?? 0) > 20 && s.remote.some((r) => r.unreadable));
    expect(decoded(without, "camille", "camera")).toBe(0);
    await paul.key(1, 1, 99); // of another group
    const wrong = await paul.until("frames that are not authentic", (s) => (s.refused["receive.not_authentic"] ?? 0) > 20);
    expect(decoded(wrong, "camille", "camera")).toBe(0);
    await camille.key(2, 0);
    await paul.key(2, 1);
    const seen = await paul.until("20 frames", (s) => decoded(s, "camille", "camera") > 20);
    expect(seen.remote[0]).toMatchObject({ leaf: 0, unreadable: false });
  });

  it("sends nothing before it has a key", async () => {
    const call = newCall();
    const [camille, vidal] = [await Person.come(call, "camille"), await Person.come(call, "vidal")];
    await vidal.key(1, 1);
    await camille.publish("camera");
    const waiting = await camille.until("frames held back", (s) => (s.refused["send.no_key"] ?? 0) > 20);
    expect(waiting.sent).toBe(0);
    await camille.key(1, 0);
    await vidal.until("20 frames", (s) => decoded(s, "camille", "camera") > 20);
  });

  it("goes on through a change of keys", async () => {
    const call = newCall();
    const [camille, vidal] = [await Person.come(call, "camille"), await Person.come(call, "vidal")];
    for (const [i, person] of [camille, vidal].entries()) await person.key(1, i);
    await camille.publish("camera");
    const before = await vidal.until("10 frames", (s) => decoded(s, "camille", "camera") > 10);
    await camille.key(2, 0);
    await vidal.key(2, 1);
    const after = await vidal.until("30 more", (s) => decoded(s, "camille", "camera") > decoded(before, "camille", "camera") + 30);
    expect(after.epoch).toBe(2);
    expect(after.remote[0]?.unreadable).toBe(false);
  });

  it("shares a screen and takes it back, turns the camera off and on", async () => {
    const call = newCall();
    const [camille, vidal] = [await Person.come(call, "camille"), await Person.come(call, "vidal")];
    for (const [i, person] of [camille, vidal].entries()) await person.key(1, i);
    await camille.publish("camera");
    await vidal.until("the camera", (s) => decoded(s, "camille", "camera") > 5);
    await camille.unpublish("camera");
    await vidal.until("no tile", (s) => s.remote.length === 0 && s.announced === 0);
    await camille.publish("screen");
    await camille.publish("camera");
    await vidal.until("camera and screen", (s) => decoded(s, "camille", "camera") > 5 && decoded(s, "camille", "screen") > 5);
    await camille.unpublish("screen");
    const left = await vidal.until("the camera alone", (s) => s.remote.length === 1 && s.remote[0]?.leaf !== undefined);
    expect(left.remote[0]).toMatchObject({ peer: "camille", medium: "camera", leaf: 0 });
  });

  it("finds its way again after the network changed", async () => {
    const call = newCall();
    const [camille, vidal] = [await Person.come(call, "camille"), await Person.come(call, "vidal")];
    for (const [i, person] of [camille, vidal].entries()) await person.key(1, i);
    await camille.publish("camera");
    const before = await vidal.until("10 frames", (s) => decoded(s, "camille", "camera") > 10);
    await camille.reconnect();
    await vidal.reconnect();
    await vidal.until("30 more", (s) => decoded(s, "camille", "camera") > decoded(before, "camille", "camera") + 30 && s.receiving === "connected");
  });

  it("understands a native participant, and is understood: one SFrame in two languages", async () => {
    const call = newCall();
    const camille = await Person.come(call, "camille");
    await camille.key(1, 4);
    const node = socket.replace("ws:", "http:");
    expect((await fetch(`${node}/bot?call=${call}`, { method: "POST" })).status).toBe(200);
    for (const medium of ["camera", "screen", "audio"] as const) await camille.publish(medium);
    const seen = await camille.until("100 frames of the bot", (s) => (s.opened["9"] ?? 0) > 100);
    expect([seen.refused["receive.not_authentic"], seen.refused["receive.malformed"]]).toEqual([0, 0]);
    // The bot takes the frames for none of its own making, once they are open.
    const counts = async (): Promise<Record<Medium, { Broken: number; Sealed: number }>> =>
      (await (await fetch(`${node}/counts?call=${call}&peer=camille`)).json()) as Record<Medium, { Broken: number; Sealed: number }>;
    for (const medium of ["camera", "screen", "audio"] as const) {
      await expect.poll(async () => (await counts())[medium].Broken, { timeout: 20_000 }).toBeGreaterThan(20);
      expect((await counts())[medium].Sealed).toBe(0);
    }
  });

  it("loses the tile of one who leaves", async () => {
    const call = newCall();
    const [camille, vidal] = [await Person.come(call, "camille"), await Person.come(call, "vidal")];
    for (const [i, person] of [camille, vidal].entries()) await person.key(1, i);
    await camille.publish("camera");
    await vidal.until("a frame", (s) => decoded(s, "camille", "camera") > 0);
    await camille.leave();
    await vidal.until("no tile", (s) => s.remote.length === 0);
  });
});
