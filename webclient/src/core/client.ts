/**
 * The core, as the interface uses it: typed commands, views and live events.
 * Everything is a thin line over {@link Bridge}; types are generated from Go.
 */
import { Bridge, type CallOptions } from "./bridge";
import coreWorker from "./core.worker.ts?worker&url";
import { CoreError } from "./errors";
import type { Failure } from "./protocol";
import { workerURL } from "./trusted";
import type { Commands, LiveEvent, Views } from "./types.gen";

export type Command = keyof Commands;
export type ViewName = keyof Views;

type Args<M extends Command> = Commands[M]["args"] extends null ? [] : [args: Commands[M]["args"]];

let bridge: Bridge | undefined;

/** The tab's bridge, made on first use. */
export function core(): Bridge {
  bridge ??= new Bridge({
    id: crypto.randomUUID(),
    locks: {
      request: (name, options, held) => navigator.locks.request(name, options, held),
    },
    channel: () => new BroadcastChannel("ensemble-core"),
    spawn: () => new Worker(workerURL(coreWorker), { type: "module", name: "core" }),
    now: () => Date.now(),
  });
  return bridge;
}

/** For tests and the kitchen: another bridge in place of the tab's own. */
export function replaceBridge(other: Bridge): void {
  bridge = other;
}

/** Asks the core to do something. Rejects with a {@link CoreError}. */
export async function call<M extends Command>(method: M, ...args: Args<M>): Promise<Commands[M]["result"]> {
  return callWith(method, args[0] ?? null, {});
}

/** Like {@link call}, for what may be asked twice without harm. */
export async function ask<M extends Command>(method: M, ...args: Args<M>): Promise<Commands[M]["result"]> {
  return callWith(method, args[0] ?? null, { retry: true });
}

async function callWith<M extends Command>(method: M, args: unknown, options: CallOptions): Promise<Commands[M]["result"]> {
  return JSON.parse(await core().call(method, JSON.stringify(args), options)) as Commands[M]["result"];
}

/** Snapshots of a view, until the returned function is called. */
export function watch<V extends ViewName>(
  view: V,
  params: Views[V]["params"],
  listener: (value: Views[V]["value"] | undefined, error?: CoreError) => void,
): () => void {
  return core().watch(view, JSON.stringify(params), (json) => {
    const value = JSON.parse(json) as Views[V]["value"] | { error: Failure };
    if (typeof value === "object" && "error" in value) listener(undefined, new CoreError(value.error));
    else listener(value);
  });
}

/** Live events of one kind, until the returned function is called. */
export function onLive<E extends LiveEvent["event"]>(
  event: E,
  listener: (event: Extract<LiveEvent, { event: E }>, bytes?: Uint8Array) => void,
): () => void {
  return core().onLive((json, bytes) => {
    const parsed = JSON.parse(json) as LiveEvent;
    if (parsed.event === event) listener(parsed as Extract<LiveEvent, { event: E }>, bytes);
  });
}
