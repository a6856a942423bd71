/**
 * A core for pages of development: answers views from a table of invented people
 * (domain.md, case A) and every command with nothing. Never part of a build.
 */
import { Bridge } from "../../src/core/bridge";
import { replaceBridge } from "../../src/core/client";
import type { WorkerLike } from "../../src/core/host";
import type { FromWorker, ToWorker } from "../../src/core/protocol";
import type { Audience, Member } from "../../src/core/types.gen";

const id = (text: string): string => text.padEnd(26, "a").slice(0, 26);

export const member = (name: string, role: string, more: Partial<Member> = {}): Member => ({
  user: id(name.toLowerCase().replaceAll(/[^a-z]/g, "")),
  name,
  role,
  online: false,
  me: false,
  cursor: 0,
  ...more,
});

export const PEOPLE: readonly Member[] = [
  member("Camille Renaud", "Infirmière coordinatrice", { me: true, online: true }),
  member("Dr Émilie Vidal", "Médecin traitant", { online: true }),
  member("Dr Okafor", "Gériatre"),
  member("M. Aydin", "Kinésithérapeute"),
  member("Mme Pons", "Pharmacienne"),
  member("Mme Traoré", "Assistante sociale", { online: true }),
  member("Yann Le Goff", "Infirmier libéral"),
];

export const TEAM: Audience = { code: "TEAM", title: "Équipe", members: [...PEOPLE], awaited: [member("Aide à domicile", "Aide à domicile")] };

export interface Fixture {
  readonly views: Readonly<Record<string, unknown>>;
}

export const VIEWS: Readonly<Record<string, unknown>> = {
  status: { phase: "READY", online: true, outbox: 0, version: "dev", alarms: [], me: { user: id("camille"), device: id("d"), name: "Camille Renaud", role: "COORDINATOR", kind: "PROFESSIONAL" } },
  home: { worklist: [{}, {}, {}], meetings: [], cases: [], threads: [], can_open_case: true },
};

class FixtureWorker implements WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly #views: Readonly<Record<string, unknown>>;
  constructor(views: Readonly<Record<string, unknown>>, ready: boolean) {
    this.#views = views;
    this.#say(ready ? { t: "ready" } : { t: "progress", loaded: 4_100_000, total: 9_800_000 });
  }
  postMessage(message: ToWorker): void {
    if (message.t === "call") this.#say({ t: "answer", id: message.id, ok: "null" });
    if (message.t === "watch" && message.view in this.#views) this.#say({ t: "snapshot", id: message.id, value: JSON.stringify(this.#views[message.view]) });
    if (message.t === "close") this.#say({ t: "closed" });
  }
  terminate(): void {
    this.onmessage = null;
  }
  #say(message: FromWorker): void {
    setTimeout(() => this.onmessage?.(new MessageEvent("message", { data: message })));
  }
}

/** Puts the fixture in place of the real core. */
export function playFixture(views: Readonly<Record<string, unknown>> = VIEWS, ready = true): void {
  const name = `fixture-${crypto.randomUUID()}`;
  replaceBridge(
    new Bridge({
      id: crypto.randomUUID(),
      locks: { request: (lock, options, held) => navigator.locks.request(`${name}-${lock}`, options, held) },
      channel: () => new BroadcastChannel(name),
      spawn: () => new FixtureWorker(views, ready),
      now: () => Date.now(),
    }),
  );
}
