/** What passes between the page and the document Worker, which runs the core's wasm in mode "document". */
import type { Failure } from "../core/protocol";

export type Bytes = Uint8Array<ArrayBuffer>;

export type ToDocuments =
  /** Begins to encrypt a file; parts come when they are asked for. */
  | { t: "encrypt"; id: string; key: string; file: Blob; partSize: number }
  /** One more part, please. */
  | { t: "next"; id: string }
  /** Fetches a document's ciphertext and decrypts it. */
  | { t: "decrypt"; id: string; url: string; key: string; sha256: string; size: number }
  /** Forgets an encryption, or stops a decryption. */
  | { t: "drop"; id: string };

export type FromDocuments =
  | { t: "part"; id: string; bytes: Bytes; last?: Sealed }
  | { t: "progress"; id: string; loaded: number }
  | { t: "opened"; id: string; content: Blob }
  | { t: "failed"; id: string; error: Failure }
  /** The Worker itself cannot work. */
  | { t: "broken"; error: Failure };

/** The whole ciphertext, once its last part is out. */
export interface Sealed {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly size: number;
}

/** A piece of an age file, to be put as one part of an upload. */
export interface Part {
  readonly bytes: Bytes;
  readonly last?: Sealed;
}
