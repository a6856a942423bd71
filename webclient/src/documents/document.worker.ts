/**
 * The document Worker: encrypts files to age in parts, and decrypts what others
 * shared, a piece at a time, with the core's own code (cmd/ensemble-wasm, mode
 * "document"). A file never lies whole in memory, and a document is handed to the
 * page only after all of it has proved to be what was shared.
 */
import type { Failure } from "../core/protocol";
import type { Bytes, FromDocuments, Sealed, ToDocuments } from "./protocol";

interface GoLoader {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

type Refused = { error: Failure };
interface Encryption {
  write(bytes: Uint8Array): Bytes | Refused;
  close(): (Sealed & { bytes: Bytes }) | Refused;
}
interface Decryption {
  write(bytes: Uint8Array): Bytes | Refused;
  close(): Bytes | Refused;
}

interface Scope {
  ensembleMode?: string;
  Go: new () => GoLoader;
  ensembleReady?: () => void;
  ensembleFailed?: (json: string) => void;
  documentEncrypt(key: string): Encryption | Refused;
  documentDecrypt(key: string, sha256: string, size: number): Decryption | Refused;
  postMessage(message: FromDocuments, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToDocuments>) => void): void;
}

const scope = globalThis as unknown as Scope;

/** Plaintext read at a time. */
const READ = 1 << 20;
/** Decrypted bytes that are gathered before they become a Blob, which may go to the disk. */
const GATHER = 4 << 20;

class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

function checked<T extends object>(value: T | Refused): T {
  if ("error" in value) throw new Refusal(value.error);
  return value;
}

/** What went wrong, by what is known here: a network that went, a file that is no longer there. */
function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return error.failure;
  if (error instanceof DOMException && (error.name === "NotReadableError" || error.name === "NotFoundError")) return { code: "unreadable" };
  if (error instanceof TypeError) return { code: "unavailable", detail: error.message };
  return { code: "internal", detail: error instanceof Error ? error.message : String(error) };
}

const joined = (pieces: readonly Uint8Array[], length: number): Bytes => {
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.byteLength;
  }
  return out;
};

/** Encrypts a file as it is asked for. */
class Sealing {
  readonly #file: Blob;
  readonly #partSize: number;
  readonly #encryption: Encryption;
  #read = 0;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  #sealed: Sealed | undefined;

  constructor(key: string, file: Blob, partSize: number) {
    this.#encryption = checked(scope.documentEncrypt(key));
    this.#file = file;
    this.#partSize = partSize;
  }

  /** A part of exactly the part size; the last one is what remains, and says so. */
  async next(): Promise<{ bytes: Bytes; last?: Sealed }> {
    // Strictly more: a part that turns out to be the last must be known as such.
    while (this.#sealed === undefined && this.#gathered <= this.#partSize) await this.#more();
    const all = joined(this.#pieces, this.#gathered);
    const bytes = all.slice(0, this.#partSize);
    const rest = all.slice(bytes.byteLength);
    this.#pieces = rest.byteLength > 0 ? [rest] : [];
    this.#gathered = rest.byteLength;
    return this.#sealed !== undefined && this.#gathered === 0 ? { bytes, last: this.#sealed } : { bytes };
  }

  async #more(): Promise<void> {
    if (this.#read < this.#file.size) {
      const plain = new Uint8Array(await this.#file.slice(this.#read, this.#read + READ).arrayBuffer());
      this.#read += plain.byteLength;
      this.#gather(checked(this.#encryption.write(plain)));
      return;
    }
    const { bytes, sha256, size } = checked(this.#encryption.close());
    this.#gather(bytes);
    this.#sealed = { sha256, size };
  }

  #gather(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#pieces.push(bytes);
    this.#gathered += bytes.byteLength;
  }
}

async function open(message: Extract<ToDocuments, { t: "decrypt" }>, signal: AbortSignal): Promise<Blob> {
  const decryption = checked(scope.documentDecrypt(message.key, message.sha256, message.size));
  const response = await fetch(message.url, { signal });
  if (!response.ok) {
    const failure = (await response.json().catch(() => ({}))) as Partial<Failure>;
    throw new Refusal({ code: failure.code ?? "unavailable", detail: String(response.status) });
  }
  let content = new Blob();
  let pieces: Bytes[] = [];
  let gathered = 0;
  let loaded = 0;
  const gather = (bytes: Bytes, all: boolean): void => {
    pieces.push(bytes);
    gathered += bytes.byteLength;
    if (!all && gathered < GATHER) return;
    content = new Blob([content, ...pieces]);
    pieces = [];
    gathered = 0;
  };
  for await (const piece of response.body ?? []) {
    loaded += piece.byteLength;
    gather(checked(decryption.write(piece)), false);
    scope.postMessage({ t: "progress", id: message.id, loaded });
  }
  gather(checked(decryption.close()), true);
  return content;
}

const sealings = new Map<string, Sealing>();
const openings = new Map<string, AbortController>();

async function handle(message: ToDocuments): Promise<void> {
  switch (message.t) {
    case "encrypt":
      sealings.set(message.id, new Sealing(message.key, message.file, message.partSize));
      return;
    case "next": {
      const part = await sealings.get(message.id)?.next();
      if (part === undefined) return; // dropped
      if (part.last !== undefined) sealings.delete(message.id);
      scope.postMessage({ t: "part", id: message.id, ...part }, [part.bytes.buffer]);
      return;
    }
    case "decrypt": {
      const stop = new AbortController();
      openings.set(message.id, stop);
      try {
        const content = await open(message, stop.signal);
        if (!stop.signal.aborted) scope.postMessage({ t: "opened", id: message.id, content });
      } finally {
        openings.delete(message.id);
      }
      return;
    }
    case "drop":
      sealings.delete(message.id);
      openings.get(message.id)?.abort();
      return;
  }
}

const ready = new Promise<void>((resolve, reject) => {
  scope.ensembleReady = resolve;
  scope.ensembleFailed = (json) => reject(new Refusal(JSON.parse(json) as Failure));
});

scope.addEventListener("message", ({ data }) => {
  ready
    .then(() => handle(data))
    .catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") return;
      scope.postMessage({ t: "failed", id: data.id, error: failureOf(error) });
    });
});

async function start(): Promise<void> {
  scope.ensembleMode = "document";
  const loader = "/wasm_exec.js";
  await import(/* @vite-ignore */ loader);
  const go = new scope.Go();
  // The same address as the core's Worker uses: the browser has it already.
  const described = await fetch("/core.json", { cache: "no-cache" });
  const json = described.ok && (described.headers.get("content-type") ?? "").includes("json");
  const { sha256 } = (json ? await described.json() : {}) as { sha256?: string };
  const response = await fetch(sha256 === undefined ? "/core.wasm" : `/core.wasm?${sha256.slice(0, 16)}`);
  if (!response.ok) throw new TypeError(`core.wasm: ${String(response.status)}`);
  const { instance } = await WebAssembly.instantiateStreaming(response, go.importObject);
  await go.run(instance);
  scope.postMessage({ t: "broken", error: { code: "core_stopped" } });
}

start().catch((error: unknown) => scope.postMessage({ t: "broken", error: failureOf(error) }));
