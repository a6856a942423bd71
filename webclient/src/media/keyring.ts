/**
 * The keys of a running call: the present epoch of its MLS group, and the one
 * before it for a few seconds. Nothing older, and nothing of another call.
 *
 * KID, after RFC 9605 section 5.2 with S = 16 and E = 8:
 * `context (40 bits) ‖ leaf index (16) ‖ epoch mod 256 (8)`.
 */
import { AES_128_GCM_SHA256_128, deriveKeys, importBaseKey, type Bytes, type Keys } from "./sframe";

/** How long the epoch before is accepted after a change, in milliseconds. */
export const GRACE = 5_000;
/** Derived keys kept of KIDs from which nothing authentic has come yet. */
const STRANGERS = 64;

const S = 16n;
const E = 8n;

/** The KID of a sender's context in an epoch. */
export function kidOf(context: number, leaf: number, epoch: number): bigint {
  if (!Number.isSafeInteger(context) || context < 0 || context >= 2 ** 40) throw new RangeError("sframe: a context has 40 bits");
  if (!Number.isInteger(leaf) || leaf < 0 || leaf >= 2 ** 16) throw new RangeError("sframe: a leaf index has 16 bits");
  return (BigInt(context) << (S + E)) | (BigInt(leaf) << E) | (BigInt(epoch) & 0xffn);
}

/** The leaf index in a KID: who sent it, whatever signalling says. */
export const leafOf = (kid: bigint): number => Number((kid >> E) & 0xffffn);

interface Epoch {
  readonly epoch: number;
  readonly baseKey: Promise<CryptoKey>;
  readonly derived: Map<bigint, Promise<Keys>>;
  readonly windows: Map<bigint, ReplayWindow>;
  expires: number;
}

export interface KeyMaterial {
  readonly call: string;
  readonly epoch: number;
  readonly leaf: number;
  readonly baseKey: Bytes;
}

export class KeyRing {
  #call: string | undefined;
  #leaf = 0;
  #epochs: Epoch[] = []; // newest first
  readonly #listeners = new Set<() => void>();

  /** Takes the key of a new epoch, or of another call, whose keys replace all. */
  set(material: KeyMaterial, now: number): void {
    if (material.call !== this.#call) this.#epochs = [];
    const newest = this.#epochs[0];
    if (newest !== undefined && material.epoch <= newest.epoch) return; // told again
    this.#call = material.call;
    this.#leaf = material.leaf;
    if (newest !== undefined) newest.expires = now + GRACE;
    this.#epochs = [
      {
        epoch: material.epoch,
        baseKey: importBaseKey(material.baseKey),
        derived: new Map(),
        windows: new Map(),
        expires: Number.POSITIVE_INFINITY,
      },
      ...(newest === undefined ? [] : [newest]),
    ];
    for (const listener of this.#listeners) listener();
  }

  /** Forgets everything. */
  clear(): void {
    this.#epochs = [];
    this.#call = undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get epoch(): number | undefined {
    return this.#epochs[0]?.epoch;
  }

  /** KID and keys to send under with a context; undefined before the first key. */
  async sending(context: number): Promise<{ kid: bigint; keys: Keys } | undefined> {
    const epoch = this.#epochs[0];
    if (epoch === undefined) return undefined;
    const kid = kidOf(context, this.#leaf, epoch.epoch);
    return { kid, keys: await this.#derive(epoch, kid) };
  }

  /** Keys and replay window of a received KID; undefined when its epoch is not to be had. */
  async receiving(kid: bigint, now: number): Promise<{ keys: Keys; seen: Seen } | undefined> {
    const epoch = this.#epochs.find((e) => (BigInt(e.epoch) & 0xffn) === (kid & 0xffn) && now < e.expires);
    if (epoch === undefined) return undefined;
    const keys = await this.#derive(epoch, kid);
    return {
      keys,
      // A window begins with the first authentic frame, so that invented KIDs
      // cannot fill the memory or push a real window out.
      seen: {
        has: (ctr) => epoch.windows.get(kid)?.has(ctr) ?? false,
        add: (ctr) => {
          const window = epoch.windows.get(kid) ?? new ReplayWindow();
          epoch.windows.set(kid, window);
          window.add(ctr);
        },
      },
    };
  }

  #derive(epoch: Epoch, kid: bigint): Promise<Keys> {
    const known = epoch.derived.get(kid);
    if (known !== undefined) return known;
    if (epoch.derived.size >= STRANGERS + epoch.windows.size) {
      for (const stranger of epoch.derived.keys()) {
        if (epoch.windows.has(stranger)) continue;
        epoch.derived.delete(stranger);
        break;
      }
    }
    const derived = epoch.baseKey.then((baseKey) => deriveKeys(AES_128_GCM_SHA256_128, baseKey, kid));
    epoch.derived.set(kid, derived);
    return derived;
  }
}

/** Which counters have come, as far as that is remembered. */
export interface Seen {
  has(ctr: bigint): boolean;
  add(ctr: bigint): void;
}

/** Counters remembered below the highest; older ones count as seen. */
const WINDOW = 1024n;

/** A sliding window over counters (RFC 9605, section 9.3). */
export class ReplayWindow implements Seen {
  #highest = -1n;
  #bits = 0n; // bit i: highest − i has come

  has(ctr: bigint): boolean {
    if (ctr > this.#highest) return false;
    const age = this.#highest - ctr;
    return age >= WINDOW || ((this.#bits >> age) & 1n) === 1n;
  }

  add(ctr: bigint): void {
    if (ctr > this.#highest) {
      const ahead = ctr - this.#highest;
      this.#bits = ahead >= WINDOW ? 1n : ((this.#bits << ahead) | 1n) & ((1n << WINDOW) - 1n);
      this.#highest = ctr;
    } else if (this.#highest - ctr < WINDOW) {
      this.#bits |= 1n << (this.#highest - ctr);
    }
  }
}
