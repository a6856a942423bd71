/**
 * One upload, from a file to a document shared in a room. It survives tunnels:
 * a part that did not arrive is put again, later and later; pausing keeps what
 * was sent; cancelling leaves nothing behind. It knows no screen and no browser:
 * everything it does goes through {@link UploadEnv}.
 */
import { CoreError } from "../core/errors";
import type { DocumentShareArgs, DocumentUpload } from "../core/types.gen";
import type { Part, Sealed } from "./protocol";
import type { PartSource } from "./worker";

/** A file made ready: without the hidden data of photographs. */
export interface Prepared {
  readonly file: Blob;
  readonly name: string;
  readonly mediaType: string;
}

export interface UploadEnv {
  prepare(): Promise<Prepared>;
  begin(size: number): Promise<DocumentUpload>;
  parts(key: string, file: Blob, partSize: number): PartSource;
  /** Puts one part; `sent` tells how far it has come. Rejects with a {@link CoreError}. */
  put(document: string, n: number, part: Part, sent: (bytes: number) => void, signal: AbortSignal): Promise<void>;
  complete(document: string, sealed: Sealed): Promise<void>;
  share(args: Omit<DocumentShareArgs, "room" | "caption">): Promise<unknown>;
  /** Takes an unfinished document off the server. */
  abandon(document: string): void;
  /** Waits so many milliseconds, or until the network is back, or until the signal. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export type Phase = "preparing" | "sending" | "paused" | "waiting" | "sharing" | "done" | "failed" | "cancelled";

export interface UploadState {
  readonly phase: Phase;
  /** 0 to 1. */
  readonly progress: number;
  readonly error?: CoreError;
}

/** Tries of one step before it is shown as failed, from where it can be tried again. */
export const TRIES = 8;
const LONGEST = 30_000;

/** What may pass by itself: a lost network, a busy server. */
const passes = (error: CoreError): boolean => error.code === "unavailable" || error.code === "rate_limited" || error.code === "interrupted";

export class Upload {
  readonly #env: UploadEnv;
  readonly #changed: () => void;
  #state: UploadState = { phase: "preparing", progress: 0 };
  #prepared: Prepared | undefined;
  #target: DocumentUpload | undefined;
  #source: PartSource | undefined;
  #part: Part | undefined;
  #sealed: Sealed | undefined;
  #completed = false;
  #n = 1;
  #sent = 0;
  #running = false;
  #again = false;
  #stop = new AbortController();

  constructor(env: UploadEnv, changed: () => void) {
    this.#env = env;
    this.#changed = changed;
  }

  get state(): UploadState {
    return this.#state;
  }

  /** Begins, goes on after a pause, or tries again after a failure. */
  start(): void {
    const { phase } = this.#state;
    if (phase === "done" || phase === "cancelled") return;
    if (this.#running) {
      // The run that was paused or that failed has not wound up yet.
      this.#again = phase === "paused" || phase === "failed";
      return;
    }
    this.#again = false;
    this.#stop = new AbortController();
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      if (this.#again) this.start();
    });
  }

  pause(): void {
    if (!this.#running || this.#state.phase === "sharing") return;
    this.#again = false;
    this.#become({ phase: "paused" });
    this.#stop.abort();
  }

  cancel(): void {
    const { phase } = this.#state;
    if (phase === "done" || phase === "cancelled" || phase === "sharing") return;
    this.#become({ phase: "cancelled" });
    this.#stop.abort();
    this.#source?.close();
    if (this.#target !== undefined) this.#env.abandon(this.#target.document);
    this.#part = undefined;
  }

  async #run(): Promise<void> {
    try {
      this.#become({ phase: "preparing" });
      this.#prepared ??= await this.#env.prepare();
      const { file, name, mediaType } = this.#prepared;
      this.#target ??= await this.#trying(() => this.#env.begin(file.size));
      const { document, key, part_size: partSize } = this.#target;
      if (this.#stop.signal.aborted) return this.#stopped();
      this.#source ??= this.#env.parts(key, file, partSize);
      this.#become({ phase: "sending" });
      while (this.#sealed === undefined) await this.#sendPart(this.#source, document, estimate(file.size));
      const sealed = this.#sealed;
      this.#become({ phase: "sharing", progress: 1 });
      if (!this.#completed) await this.#trying(() => this.#env.complete(document, sealed));
      this.#completed = true;
      await this.#trying(() => this.#env.share({ document, name, media_type: mediaType, size: file.size, key, sha256: sealed.sha256, ciphertext: sealed.size }));
      this.#become({ phase: "done" });
    } catch (thrown) {
      if (this.#stop.signal.aborted) return this.#stopped();
      this.#become({ phase: "failed", error: CoreError.of(thrown) });
    }
  }

  async #sendPart(source: PartSource, document: string, total: number): Promise<void> {
    // Kept until it is there: the next encryption would be other bytes.
    const part = (this.#part ??= await source.next());
    const { signal } = this.#stop;
    if (signal.aborted) throw new CoreError({ code: "interrupted" }); // paused while it was encrypted
    const sent = (bytes: number): void => {
      if (!signal.aborted) this.#become({ phase: "sending", progress: Math.min(0.99, (this.#sent + bytes) / total) });
    };
    await this.#trying(() => this.#env.put(document, this.#n, part, sent, signal));
    this.#n += 1;
    this.#sent += part.bytes.byteLength;
    this.#part = undefined;
    this.#sealed = part.last;
    if (this.#stop.signal.aborted) throw new CoreError({ code: "interrupted" });
  }

  /** Does something until it is done, it cannot be, or there were too many tries. */
  async #trying<T>(act: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act();
      } catch (thrown) {
        const error = CoreError.of(thrown);
        if (this.#stop.signal.aborted || !passes(error) || attempt >= TRIES) throw error;
        const { phase } = this.#state;
        this.#become({ phase: "waiting" });
        await this.#env.wait(Math.min(LONGEST, 1000 * 2 ** (attempt - 1)), this.#stop.signal);
        if (this.#stop.signal.aborted) throw error;
        this.#become({ phase });
      }
    }
  }

  #stopped(): void {
    if (this.#state.phase !== "cancelled") this.#become({ phase: "paused" });
  }

  #become(change: Partial<UploadState> & { phase: Phase }): void {
    // Nothing is said of what was cancelled.
    if (this.#state.phase === "cancelled") return;
    const { error: _, ...before } = this.#state;
    this.#state = { ...before, ...change };
    this.#changed();
  }
}

/** About how long an age file of so many bytes is: a header, and 16 bytes for each 64 KiB. */
const estimate = (size: number): number => size + Math.ceil(size / 65_536) * 16 + 4096;
