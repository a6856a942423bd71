/**
 * Encoded frames of WebRTC under SFrame. On the wire a frame is
 *
 *     clear bytes ‖ SFrame header ‖ ciphertext ‖ tag
 *
 * The clear bytes are what the packetiser needs: of VP8 ten on a key frame and
 * three otherwise, of Opus one. They are authenticated, and so is the kind of
 * medium: metadata = clear bytes ‖ one byte of {@link MEDIUM}. A camera's frame
 * therefore never passes for a shared screen.
 */
import type { KeyRing } from "./keyring";
import { leafOf } from "./keyring";
import { concat, decodeHeader, decrypt, encrypt, Nt, type Bytes } from "./sframe";

export type Medium = "camera" | "screen" | "audio";

/** The byte by which a medium is authenticated. Never reused. */
export const MEDIUM: Readonly<Record<Medium, number>> = { camera: 1, screen: 2, audio: 3 };

/**
 * How many first bytes of a frame stay readable. VP8 says in the lowest bit of
 * its first byte whether it is a key frame (RFC 6386, section 9.1), so sender and
 * receiver come to the same number from the frame alone.
 */
export function clearBytes(medium: Medium, frame: Uint8Array): number {
  if (medium === "audio") return 1;
  return ((frame[0] ?? 0) & 1) === 0 ? 10 : 3;
}

const metadataOf = (medium: Medium, clear: Uint8Array): Bytes => concat(clear, new Uint8Array([MEDIUM[medium]]));

/** Why a frame was not shown. */
export type Refusal = "no_key" | "not_authentic" | "replayed" | "malformed";

/**
 * Encrypts the frames of one transform instance. Its context comes from the core
 * and is its own for ever; its counter only grows, over every epoch and every
 * layer. That is what keeps a nonce from being used twice.
 */
export class FrameSender {
  readonly #keys: KeyRing;
  readonly #medium: Medium;
  readonly #context: number;
  #ctr = 0n;

  constructor(keys: KeyRing, medium: Medium, context: number) {
    this.#keys = keys;
    this.#medium = medium;
    this.#context = context;
  }

  /** The frame to send, or why nothing is sent: no key yet, or no frame of a codec we know. */
  async seal(frame: Bytes): Promise<Bytes | Refusal> {
    const clear = frame.subarray(0, clearBytes(this.#medium, frame));
    if (clear.length < clearBytes(this.#medium, frame)) return "malformed";
    const ctr = this.#ctr;
    this.#ctr += 1n; // taken before anything can fail
    const sending = await this.#keys.sending(this.#context);
    if (sending === undefined) return "no_key";
    const sealed = await encrypt(sending.keys, sending.kid, ctr, metadataOf(this.#medium, clear), frame.subarray(clear.length));
    return concat(clear, sealed);
  }
}

export type Opened = { readonly frame: Bytes; readonly leaf: number } | { readonly refused: Refusal };

/** Decrypts the frames of one received track, whoever they come from. */
export class FrameReceiver {
  readonly #keys: KeyRing;
  readonly #medium: Medium;

  constructor(keys: KeyRing, medium: Medium) {
    this.#keys = keys;
    this.#medium = medium;
  }

  async open(data: Bytes, now: number): Promise<Opened> {
    const clear = data.subarray(0, clearBytes(this.#medium, data));
    const rest = data.subarray(clear.length);
    const header = decodeHeader(rest);
    if (header === undefined || rest.length < header.length + Nt) return { refused: "malformed" };
    const receiving = await this.#keys.receiving(header.kid, now);
    if (receiving === undefined) return { refused: "no_key" };
    if (receiving.seen.has(header.ctr)) return { refused: "replayed" };
    const plain = await decrypt(receiving.keys, header, metadataOf(this.#medium, clear), rest);
    if (plain === undefined) return { refused: "not_authentic" };
    if (receiving.seen.has(header.ctr)) return { refused: "replayed" }; // another one came while this was decrypted
    receiving.seen.add(header.ctr);
    return { frame: concat(clear, plain), leaf: leafOf(header.kid) };
  }
}
