/**
 * SFrame (RFC 9605) by WebCrypto: header, key derivation, encryption and
 * decryption of one frame. Pure functions over bytes; nothing here counts,
 * remembers or knows what a frame shows. Names are the RFC's.
 */

/** A buffer that is not shared: what WebCrypto and encoded frames take. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A cipher suite of RFC 9605, section 8.1, that WebCrypto has. */
export interface CipherSuite {
  readonly id: number;
  readonly hash: "SHA-256" | "SHA-512";
  /** Key length in bytes. */
  readonly Nk: number;
}

export const AES_128_GCM_SHA256_128: CipherSuite = { id: 4, hash: "SHA-256", Nk: 16 };
export const AES_256_GCM_SHA512_128: CipherSuite = { id: 5, hash: "SHA-512", Nk: 32 };

/** Nonce and tag length of both suites. */
const Nn = 12;
export const Nt = 16;

export interface Header {
  readonly kid: bigint;
  readonly ctr: bigint;
  /** Bytes of the header on the wire. */
  readonly length: number;
}

/** What is derived from a base key for one KID (section 4.4.2). */
export interface Keys {
  readonly key: CryptoKey;
  readonly salt: Bytes;
}

const MAX = (1n << 64n) - 1n;

/** The header of section 4.3: a config byte, then KID and CTR as short as they go. */
export function encodeHeader(kid: bigint, ctr: bigint): Bytes {
  if (kid < 0n || kid > MAX || ctr < 0n || ctr > MAX) throw new RangeError("sframe: KID and CTR have 64 bits");
  const kidBytes = kid < 8n ? 0 : byteLength(kid);
  const ctrBytes = ctr < 8n ? 0 : byteLength(ctr);
  const out = new Uint8Array(1 + kidBytes + ctrBytes);
  const k = kidBytes === 0 ? Number(kid) : 0b1000 | (kidBytes - 1);
  const c = ctrBytes === 0 ? Number(ctr) : 0b1000 | (ctrBytes - 1);
  out[0] = (k << 4) | c;
  put(out, 1, kidBytes, kid);
  put(out, 1 + kidBytes, ctrBytes, ctr);
  return out;
}

/** Reads a header; undefined when the bytes end before it does. */
export function decodeHeader(data: Uint8Array): Header | undefined {
  const config = data[0];
  if (config === undefined) return undefined;
  const kidBytes = (config & 0x80) === 0 ? 0 : ((config >> 4) & 7) + 1;
  const ctrBytes = (config & 0x08) === 0 ? 0 : (config & 7) + 1;
  const length = 1 + kidBytes + ctrBytes;
  if (data.length < length) return undefined;
  return {
    kid: kidBytes === 0 ? BigInt((config >> 4) & 7) : take(data, 1, kidBytes),
    ctr: ctrBytes === 0 ? BigInt(config & 7) : take(data, 1 + kidBytes, ctrBytes),
    length,
  };
}

/** A base key as WebCrypto holds it; it cannot be read back. */
export function importBaseKey(baseKey: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", baseKey, "HKDF", false, ["deriveBits"]);
}

/** Key and salt of one KID (section 4.4.2). */
export async function deriveKeys(suite: CipherSuite, baseKey: CryptoKey, kid: bigint): Promise<Keys> {
  const expand = (label: string, length: number): Promise<ArrayBuffer> =>
    crypto.subtle.deriveBits(
      { name: "HKDF", hash: suite.hash, salt: new Uint8Array(), info: derivationLabel(label, kid, suite) },
      baseKey,
      length * 8,
    );
  const [key, salt] = await Promise.all([expand("SFrame 1.0 Secret key ", suite.Nk), expand("SFrame 1.0 Secret salt ", Nn)]);
  return {
    key: await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]),
    salt: new Uint8Array(salt),
  };
}

/** The label of a derivation: text, KID in eight bytes, suite in two. */
export function derivationLabel(label: string, kid: bigint, suite: CipherSuite): Bytes {
  const text = new TextEncoder().encode(label);
  const out = new Uint8Array(text.length + 10);
  out.set(text);
  put(out, text.length, 8, kid);
  put(out, text.length + 8, 2, BigInt(suite.id));
  return out;
}

/** The nonce of a frame: the salt with CTR mixed into its end (section 4.4.3). */
export function nonceOf(salt: Bytes, ctr: bigint): Bytes {
  const nonce = salt.slice();
  const counter = new Uint8Array(Nn);
  put(counter, Nn - 8, 8, ctr);
  for (let i = 0; i < Nn; i += 1) nonce[i] = (nonce[i] ?? 0) ^ (counter[i] ?? 0);
  return nonce;
}

/**
 * Encrypts one frame: SFrame header ‖ ciphertext ‖ tag. The pair (kid, ctr) is
 * the nonce and must never be used twice under one base key.
 */
export async function encrypt(keys: Keys, kid: bigint, ctr: bigint, metadata: Bytes, plaintext: Bytes): Promise<Bytes> {
  const header = encodeHeader(kid, ctr);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonceOf(keys.salt, ctr), additionalData: concat(header, metadata), tagLength: Nt * 8 },
    keys.key,
    plaintext,
  );
  return concat(header, new Uint8Array(sealed));
}

/** Decrypts what {@link encrypt} made; undefined when it is not authentic. */
export async function decrypt(keys: Keys, header: Header, metadata: Bytes, data: Bytes): Promise<Bytes | undefined> {
  try {
    const plain = await crypto.subtle.decrypt(
      {
        name: "AES-GCM",
        iv: nonceOf(keys.salt, header.ctr),
        additionalData: concat(data.subarray(0, header.length), metadata),
        tagLength: Nt * 8,
      },
      keys.key,
      data.subarray(header.length),
    );
    return new Uint8Array(plain);
  } catch {
    return undefined;
  }
}

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function byteLength(value: bigint): number {
  let n = 1;
  for (let rest = value >> 8n; rest > 0n; rest >>= 8n) n += 1;
  return n;
}

function put(out: Uint8Array, at: number, length: number, value: bigint): void {
  let rest = value;
  for (let i = at + length - 1; i >= at; i -= 1) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

function take(data: Uint8Array, at: number, length: number): bigint {
  let value = 0n;
  for (let i = at; i < at + length; i += 1) value = (value << 8n) | BigInt(data[i] ?? 0);
  return value;
}
