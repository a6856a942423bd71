/**
 * The core's side of its Worker, without the Worker: turns messages into calls
 * of the functions that Go registered, and routes what comes back. It holds no
 * rule and keeps nothing but the newest media key, for a media Worker that asks
 * later than the key came.
 */
import type { CoreToMedia, Failure, FromWorker, MediaToCore, ToWorker } from "./protocol";

/** What Go registers on the Worker's global; see protocol.ts. */
export interface GoCore {
  ensembleCall(method: string, args: string): Promise<string>;
  ensembleWatch(view: string, params: string, cb: (json: string) => void): number;
  ensembleUnwatch(n: number): void;
  ensembleLive(cb: (json: string, bytes?: Uint8Array) => void): void;
  ensembleClose?(): Promise<void>;
}

/** The part of a MessagePort that is needed here. */
export interface Port {
  postMessage(message: CoreToMedia, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<MediaToCore>) => void) | null;
}

export class CoreRuntime {
  readonly #core: GoCore;
  readonly #post: (message: FromWorker) => void;
  readonly #watches = new Map<string, number>();
  #media: Port | undefined;
  #key: { call: string; epoch: number; leaf: number; baseKey: Uint8Array } | undefined;

  constructor(core: GoCore, post: (message: FromWorker) => void) {
    this.#core = core;
    this.#post = post;
    core.ensembleLive((json, bytes) => this.#live(json, bytes));
  }

  handle(message: ToWorker): void {
    switch (message.t) {
      case "call":
        void this.#call(message.id, message.method, message.args);
        return;
      case "watch":
        this.#unwatch(message.id);
        this.#watches.set(
          message.id,
          this.#core.ensembleWatch(message.view, message.params, (value) =>
            this.#post({ t: "snapshot", id: message.id, value }),
          ),
        );
        return;
      case "unwatch":
        this.#unwatch(message.id);
        return;
      case "media":
        this.attachMedia(message.session, message.port);
        return;
      case "close":
        void this.#close();
        return;
    }
  }

  /** Serves one media Worker; a later one takes the place of an earlier. */
  attachMedia(session: string, port: Port): void {
    if (this.#media !== undefined) this.#media.onmessage = null;
    this.#media = port;
    port.onmessage = (event) => {
      if (event.data.t === "context") void this.#context(port, session, event.data.request);
    };
    this.#sendKey();
  }

  async #call(id: string, method: string, args: string): Promise<void> {
    try {
      this.#post({ t: "answer", id, ok: await this.#core.ensembleCall(method, args) });
    } catch (error) {
      this.#post({ t: "answer", id, error: toFailure(error) });
    }
  }

  async #context(port: Port, session: string, request: number): Promise<void> {
    try {
      const result = JSON.parse(await this.#core.ensembleCall("call.context", JSON.stringify({ session }))) as {
        context: number;
      };
      port.postMessage({ t: "context", request, context: result.context }, []);
    } catch (error) {
      port.postMessage({ t: "context", request, error: toFailure(error) }, []);
    }
  }

  #live(json: string, bytes?: Uint8Array): void {
    const event = JSON.parse(json) as { event: string; call?: string; epoch?: number; own_leaf?: number };
    if (event.event === "keys") {
      // Never to the page: a key has no business there.
      if (bytes === undefined || event.call === undefined || event.epoch === undefined) return;
      this.#key = { call: event.call, epoch: event.epoch, leaf: event.own_leaf ?? 0, baseKey: bytes.slice() };
      this.#sendKey();
      return;
    }
    this.#post(bytes === undefined ? { t: "live", json } : { t: "live", json, bytes });
  }

  #sendKey(): void {
    if (this.#media === undefined || this.#key === undefined) return;
    this.#media.postMessage({ t: "key", ...this.#key, baseKey: this.#key.baseKey.slice() }, []);
  }

  #unwatch(id: string): void {
    const n = this.#watches.get(id);
    if (n === undefined) return;
    this.#watches.delete(id);
    this.#core.ensembleUnwatch(n);
  }

  async #close(): Promise<void> {
    await this.#core.ensembleClose?.().catch(() => undefined);
    this.#post({ t: "closed" });
  }
}

/** Whatever Go rejected with, as a Failure. */
export function toFailure(error: unknown): Failure {
  if (typeof error === "object" && error !== null) {
    if ("code" in error && typeof error.code === "string") return pick(error as Failure);
    if (error instanceof Error) return parse(error.message) ?? { code: "internal", detail: error.message };
  }
  return (typeof error === "string" ? parse(error) : undefined) ?? { code: "internal", detail: String(error) };
}

function parse(text: string): Failure | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "code" in value && typeof value.code === "string")
      return pick(value as Failure);
  } catch {
    // Not JSON: an error of the language, not of the core.
  }
  return undefined;
}

function pick({ code, message, detail, field }: Failure): Failure {
  return {
    code,
    ...(message === undefined ? {} : { message }),
    ...(detail === undefined ? {} : { detail }),
    ...(field === undefined ? {} : { field }),
  };
}
