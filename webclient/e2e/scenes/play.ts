/** Puts a scene in place of the core: views from a table, commands answered from another. */
import { Bridge } from "../../src/core/bridge";
import { replaceBridge } from "../../src/core/client";
import type { WorkerLike } from "../../src/core/host";
import type { Failure, FromWorker, ToWorker } from "../../src/core/protocol";
import type { Commands, LiveEvent, Views } from "../../src/core/types.gen";

/** A view's value, why there is none, or nothing at all: it loads for ever. */
type Held<V extends keyof Views> = Views[V]["value"] | { error: Failure };

export interface Scene {
  readonly path: string;
  readonly views: { readonly [V in keyof Views]?: Held<V> };
  /** What commands answer; null for those that are not named. */
  readonly answers?: { readonly [M in keyof Commands]?: Commands[M]["result"] | Failure };
  /** What is said beside the views, one after the other. */
  readonly live?: readonly LiveEvent[];
  /** What the server's own pages answer to fetch, by path. */
  readonly http?: Readonly<Record<string, unknown>>;
}

/** What every scene answers unless it says otherwise: this device has keys. */
const USUAL: Scene["answers"] = { "device.state": { state: "READY", user: "", device: "" }, "form.read": { text: "" } };

/** When live events come: once the screen is drawn, in milliseconds. */
const LIVE_AFTER = 400;

class SceneWorker implements WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly #scene: Scene;
  constructor(scene: Scene) {
    this.#scene = scene;
    this.#say({ t: "ready" });
    for (const event of scene.live ?? []) setTimeout(() => this.#say({ t: "live", json: JSON.stringify(event) }), LIVE_AFTER);
  }
  postMessage(message: ToWorker): void {
    if (message.t === "call") {
      const answer: unknown = this.#scene.answers?.[message.method as keyof Commands] ?? USUAL?.[message.method as keyof Commands] ?? null;
      const failed = typeof answer === "object" && answer !== null && "code" in answer;
      this.#say(failed ? { t: "answer", id: message.id, error: answer as Failure } : { t: "answer", id: message.id, ok: JSON.stringify(answer) });
    }
    if (message.t === "watch") {
      const value = this.#scene.views[message.view as keyof Views];
      if (value !== undefined) this.#say({ t: "snapshot", id: message.id, value: JSON.stringify(value) });
    }
    if (message.t === "close") this.#say({ t: "closed" });
  }
  terminate(): void {
    this.onmessage = null;
  }
  #say(message: FromWorker): void {
    setTimeout(() => this.onmessage?.(new MessageEvent("message", { data: message })));
  }
}

export function playScene(scene: Scene): void {
  const name = `scene-${crypto.randomUUID()}`;
  replaceBridge(
    new Bridge({
      id: crypto.randomUUID(),
      locks: { request: (lock, options, held) => navigator.locks.request(`${name}-${lock}`, options, held) },
      channel: () => new BroadcastChannel(name),
      spawn: () => new SceneWorker(scene),
      now: () => Date.now(),
    }),
  );
  const served = scene.http;
  if (served === undefined) return;
  const real = globalThis.fetch.bind(globalThis);
  globalThis.fetch = (input, init) => {
    const path = new URL(input instanceof Request ? input.url : input, location.href).pathname;
    if (!(path in served)) return real(input, init);
    const body = served[path];
    return Promise.resolve(body === null ? new Response("", { status: 404 }) : Response.json(body));
  };
}
