/**
 * Keeps the drafts of one item's minutes the same on all devices that have them
 * open. Changes go out live and may get lost; what makes good for it is the state
 * vector: on joining, after every change of the room's keys and from time to time
 * each says what it has, and gets what it lacks. What is kept are snapshots: the
 * whole state, written a moment after the last change and on leaving.
 *
 * It knows neither React nor the core: it is handed a way to say, to keep, and
 * to wait.
 */
import * as Y from "yjs";

export type CoeditKind = "update" | "vector" | "awareness";

export interface CoeditEnv {
  /** Says something to whoever has the draft open. Rejects when that cannot be now. */
  say(kind: CoeditKind, payload: Uint8Array): Promise<unknown>;
  /** Keeps the whole state for those who come later. */
  keep(state: Uint8Array): Promise<unknown>;
  setTimeout(act: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  now(): number;
}

export interface Presence {
  readonly user: string;
  /** Where they write; "" when they only look. */
  readonly field: string;
}

export interface CoeditState {
  readonly others: readonly Presence[];
  /** idle: all of mine is kept. */
  readonly kept: "idle" | "pending" | "failed";
}

/** Marks changes that came from elsewhere. */
const REMOTE = Symbol("remote");
const BATCH = 60;
const KEEP_AFTER = 2_500;
const KEEP_AT_LATEST = 15_000;
const COMPARE_EVERY = 12_000;
const HERE_EVERY = 5_000;
const GONE_AFTER = 13_000;
const ANSWER_WITHIN = 250;

/** A state vector that asks for an answer, or answers one. */
const ASK = 1;
const TELL = 0;

export class Coedit {
  readonly doc = new Y.Doc();
  readonly #env: CoeditEnv;
  readonly #changed: () => void;
  #state: CoeditState = { others: [], kept: "idle" };
  #outgoing: Uint8Array[] = [];
  #timers = new Map<string, unknown>();
  #others = new Map<string, { field: string; at: number }>();
  #field = "";
  #changedSince: number | undefined; // when the oldest change that is not kept was made
  #keeping = false;
  #closed = false;

  constructor(env: CoeditEnv, changed: () => void) {
    this.#env = env;
    this.#changed = changed;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) this.#mine(update);
    });
  }

  get state(): CoeditState {
    return this.#state;
  }

  /** Begins to take part. */
  open(): void {
    this.compare();
    this.#here();
  }

  /** A kept state, from the room's log. */
  load(snapshot: Uint8Array): void {
    this.#apply(snapshot);
  }

  /** Says what is here, and asks for what is missing: after joining, after new keys, back from a tunnel. */
  compare(): void {
    this.#say("vector", withFlag(ASK, Y.encodeStateVector(this.doc)));
    this.#after("compare", COMPARE_EVERY, () => this.compare());
  }

  /** Something that another device says. */
  hear(kind: string, payload: Uint8Array, by: string): void {
    if (this.#closed) return;
    if (kind === "update") this.#apply(payload);
    if (kind === "vector") this.#compareWith(payload);
    if (kind === "awareness") this.#meet(payload, by);
  }

  /** Where I write; "" when nowhere. */
  focus(field: string): void {
    if (field === this.#field) return;
    this.#field = field;
    this.#here();
  }

  /** Keeps what is not kept yet, at once. */
  async flush(): Promise<void> {
    this.#send();
    await this.#keep();
  }

  /** Leaves, keeping what was written. */
  close(): void {
    if (this.#closed) return;
    this.#field = "";
    this.#send();
    void this.#keep();
    this.#say("awareness", encodePresence("", true));
    this.#closed = true;
    for (const timer of this.#timers.values()) this.#env.clearTimeout(timer);
    this.#timers.clear();
  }

  // --- what I write ---

  #mine(update: Uint8Array): void {
    this.#outgoing.push(update);
    if (!this.#timers.has("send")) this.#after("send", BATCH, () => this.#send());
    this.#changedSince ??= this.#env.now();
    const left = this.#changedSince + KEEP_AT_LATEST - this.#env.now();
    this.#after("keep", Math.max(0, Math.min(KEEP_AFTER, left)), () => void this.#keep());
    this.#become({ kept: "pending" });
  }

  #send(): void {
    this.#cancel("send");
    if (this.#outgoing.length === 0) return;
    const update = Y.mergeUpdates(this.#outgoing);
    this.#outgoing = [];
    // Lost: the next comparison makes good for it.
    this.#say("update", update);
  }

  async #keep(): Promise<void> {
    this.#cancel("keep");
    if (this.#changedSince === undefined || this.#keeping) return;
    this.#keeping = true;
    const since = this.#changedSince;
    this.#changedSince = undefined;
    try {
      await this.#env.keep(Y.encodeStateAsUpdate(this.doc));
      if (this.#unkept() === undefined) this.#become({ kept: "idle" });
    } catch {
      this.#changedSince = since;
      this.#become({ kept: "failed" });
    } finally {
      this.#keeping = false;
    }
    if (this.#unkept() !== undefined && !this.#closed) this.#after("keep", KEEP_AFTER, () => void this.#keep());
  }

  /** Read anew: something may have been written meanwhile. */
  #unkept(): number | undefined {
    return this.#changedSince;
  }

  // --- what others write ---

  #apply(update: Uint8Array): void {
    try {
      Y.applyUpdate(this.doc, update, REMOTE);
    } catch {
      // Not an update: what one device says wrongly changes nothing here.
    }
  }

  #compareWith(payload: Uint8Array): void {
    let missing: Uint8Array;
    let lacking: boolean;
    try {
      const theirs = payload.subarray(1);
      missing = Y.encodeStateAsUpdate(this.doc, theirs);
      lacking = ahead(Y.decodeStateVector(theirs), Y.decodeStateVector(Y.encodeStateVector(this.doc)));
    } catch {
      return; // not a state vector
    }
    // Several have the answer: whoever is later sees that it has been given only by
    // being asked again, so each waits for a moment of its own.
    if (!isEmpty(missing)) this.#after("answer", Math.random() * ANSWER_WITHIN, () => this.#say("update", Y.encodeStateAsUpdate(this.doc, payload.subarray(1))));
    if (payload[0] === ASK && lacking) this.#say("vector", withFlag(TELL, Y.encodeStateVector(this.doc)));
  }

  // --- who is here ---

  #here(): void {
    this.#say("awareness", encodePresence(this.#field, false));
    const now = this.#env.now();
    for (const [user, { at }] of this.#others) if (now - at > GONE_AFTER) this.#others.delete(user);
    this.#tellOthers();
    this.#after("here", HERE_EVERY, () => this.#here());
  }

  #meet(payload: Uint8Array, by: string): void {
    const presence = decodePresence(payload);
    if (presence === undefined) return;
    if (presence.gone) this.#others.delete(by);
    else this.#others.set(by, { field: presence.field, at: this.#env.now() });
    this.#tellOthers();
  }

  #tellOthers(): void {
    const others = [...this.#others].map(([user, { field }]) => ({ user, field })).toSorted((a, b) => a.user.localeCompare(b.user));
    if (JSON.stringify(others) !== JSON.stringify(this.#state.others)) this.#become({ others });
  }

  // --- tools ---

  #say(kind: CoeditKind, payload: Uint8Array): void {
    if (this.#closed) return;
    this.#env.say(kind, payload).catch(() => undefined); // nobody hears now; comparing makes good for it
  }

  #after(name: string, milliseconds: number, act: () => void): void {
    this.#cancel(name);
    if (this.#closed) return;
    this.#timers.set(
      name,
      this.#env.setTimeout(() => {
        this.#timers.delete(name);
        act();
      }, milliseconds),
    );
  }

  #cancel(name: string): void {
    this.#env.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #become(change: Partial<CoeditState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }
}

const withFlag = (flag: number, bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(bytes.byteLength + 1);
  out[0] = flag;
  out.set(bytes, 1);
  return out;
};

/** An update that says nothing: no change, nothing deleted. */
const isEmpty = (update: Uint8Array): boolean => update.byteLength <= 2;

/** Whether `theirs` has changes that `mine` lacks. */
const ahead = (theirs: ReadonlyMap<number, number>, mine: ReadonlyMap<number, number>): boolean => [...theirs].some(([client, clock]) => clock > (mine.get(client) ?? 0));

const encodePresence = (field: string, gone: boolean): Uint8Array => new TextEncoder().encode(JSON.stringify(gone ? { gone } : { field }));

function decodePresence(payload: Uint8Array): { field: string; gone: boolean } | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(payload)) as { field?: unknown; gone?: unknown };
    return { field: typeof value.field === "string" ? value.field : "", gone: value.gone === true };
  } catch {
    return undefined;
  }
}
