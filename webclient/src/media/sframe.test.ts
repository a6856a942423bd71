import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  AES_128_GCM_SHA256_128,
  AES_256_GCM_SHA512_128,
  concat,
  decodeHeader,
  decrypt,
  derivationLabel,
  deriveKeys,
  encodeHeader,
  encrypt,
  importBaseKey,
  nonceOf,
  type Bytes,
} from "./sframe";

interface Vectors {
  header: Array<{ kid: number | string; ctr: number | string; encoded: string }>;
  sframe: Array<Record<"cipher_suite" | "kid" | "ctr", number> & Record<"base_key" | "sframe_key_label" | "sframe_salt_label" | "sframe_key" | "sframe_salt" | "metadata" | "nonce" | "aad" | "pt" | "ct", string>>;
}

const root = resolve(import.meta.dirname, "../../..");
const file = resolve(root, process.env["ENSEMBLE_VECTORS"] ?? "../shared/vectors", "sframe/test-vectors.json");
const present = existsSync(file);
// Numbers beyond 2^53 in the file would be rounded: read them as text.
const vectors = present
  ? (JSON.parse(readFileSync(file, "utf8").replaceAll(/"(kid|ctr)":\s*(\d+)/g, '"$1":"$2"')) as Vectors)
  : { header: [], sframe: [] };

const bytes = (hex: string): Bytes => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

it.runIf((process.env["CI"] ?? "") !== "")("has its vectors: CI never skips them", () => {
  expect(present, `${file} is missing`).toBe(true);
});

describe.skipIf(!present)("RFC 9605 vectors", () => {
  it("encodes and decodes every header", () => {
    expect(vectors.header.length).toBeGreaterThan(200);
    for (const { kid, ctr, encoded } of vectors.header) {
      expect(hex(encodeHeader(BigInt(kid), BigInt(ctr)))).toBe(encoded);
      expect(decodeHeader(bytes(encoded))).toEqual({ kid: BigInt(kid), ctr: BigInt(ctr), length: encoded.length / 2 });
    }
  });

  it.each([AES_128_GCM_SHA256_128, AES_256_GCM_SHA512_128])("encrypts and decrypts with suite $id", async (suite) => {
    const cases = vectors.sframe.filter((v) => v.cipher_suite === suite.id);
    expect(cases.length).toBeGreaterThan(0);
    for (const v of cases) {
      const [kid, ctr] = [BigInt(v.kid), BigInt(v.ctr)];
      expect(hex(derivationLabel("SFrame 1.0 Secret key ", kid, suite))).toBe(v.sframe_key_label);
      expect(hex(derivationLabel("SFrame 1.0 Secret salt ", kid, suite))).toBe(v.sframe_salt_label);
      const keys = await deriveKeys(suite, await importBaseKey(bytes(v.base_key)), kid);
      expect(hex(keys.salt)).toBe(v.sframe_salt);
      expect(hex(nonceOf(keys.salt, ctr))).toBe(v.nonce);
      expect(hex(concat(encodeHeader(kid, ctr), bytes(v.metadata)))).toBe(v.aad);
      const ct = await encrypt(keys, kid, ctr, bytes(v.metadata), bytes(v.pt));
      expect(hex(ct)).toBe(v.ct);
      const header = decodeHeader(ct);
      if (header === undefined) throw new Error("no header");
      expect(hex((await decrypt(keys, header, bytes(v.metadata), ct)) ?? new Uint8Array())).toBe(v.pt);
      for (let i = 0; i < ct.length; i += 1) {
        const bad = ct.slice();
        bad[i] = (bad[i] ?? 0) ^ 1;
        const badHeader = decodeHeader(bad);
        const opened = badHeader === undefined ? undefined : await decrypt(keys, badHeader, bytes(v.metadata), bad);
        expect(opened, `byte ${String(i)} changed`).toBeUndefined();
      }
    }
  });
});

it("refuses headers that end too early, whatever their first byte", () => {
  expect(decodeHeader(new Uint8Array())).toBeUndefined();
  for (let config = 0; config < 256; config += 1) {
    const data = new Uint8Array(17).fill(1);
    data[0] = config;
    const length = decodeHeader(data)?.length ?? 0;
    expect(length).toBeGreaterThan(0);
    expect(decodeHeader(data.subarray(0, length))?.length).toBe(length);
    expect(decodeHeader(data.subarray(0, length - 1))).toBeUndefined();
  }
});

it("refuses numbers beyond 64 bits", () => {
  expect(() => encodeHeader(1n << 64n, 0n)).toThrow(RangeError);
  expect(() => encodeHeader(0n, -1n)).toThrow(RangeError);
});
