/**
 * What passes between the tabs, the core's Worker and the Go core.
 *
 * ## The Go core (cmd/ensemble-wasm)
 *
 * It runs in a Dedicated Worker and registers on the Worker's global object,
 * before it calls `ensembleReady()`:
 *
 * - `ensembleCall(method: string, argsJSON: string): Promise<string>`: a command
 *   of `client/commands.go`; resolves with the result as JSON ("null" when there
 *   is none), rejects with a {@link Failure}: an object `{code, message, detail,
 *   field}`, or an Error whose message is that object as JSON. `code` is a
 *   `rooms.Code`.
 * - `ensembleWatch(view: string, paramsJSON: string, cb: (json: string) => void): number`:
 *   a view of `client/views.go`; `cb` gets a whole snapshot at once and after
 *   every change. When the view cannot be had, `cb` gets `{"error": Failure}`.
 * - `ensembleUnwatch(n: number): void`.
 * - `ensembleLive(cb: (json: string, bytes?: Uint8Array) => void): void`: what is
 *   not a state. One callback, registered once. The event `keys` carries the
 *   SFrame base key as bytes; it goes to the media Worker and never to a page.
 * - optionally `ensembleClose(): Promise<void>`: finish what is being written;
 *   the Worker ends after it (or after two seconds).
 *
 * and then calls `self.ensembleReady()`. If it cannot start, it calls
 * `self.ensembleFailed(json)` with a Failure. `main` must not return.
 */

/** An error as data: a stable code, and never a name, a key or clinical content. */
export interface Failure {
  readonly code: string;
  readonly message?: string;
  readonly detail?: string;
  readonly field?: string;
}

/** From a tab to the Worker it hosts. */
export type ToWorker =
  | { t: "call"; id: string; method: string; args: string }
  | { t: "watch"; id: string; view: string; params: string }
  | { t: "unwatch"; id: string }
  /** With a MessagePort: keys and contexts for the media Worker of a session's call. */
  | { t: "media"; session: string; port: MessagePort }
  | { t: "close" };

/** From the Worker to its tab. */
export type FromWorker =
  | { t: "progress"; loaded: number; total: number }
  | { t: "ready" }
  | { t: "failed"; error: Failure }
  | { t: "answer"; id: string; ok: string }
  | { t: "answer"; id: string; error: Failure }
  | { t: "snapshot"; id: string; value: string }
  | { t: "live"; json: string; bytes?: Uint8Array }
  | { t: "closed" };

/** How the core of this origin stands, the same in every tab. */
export interface CoreState {
  readonly phase: "waiting" | "downloading" | "starting" | "ready" | "failed";
  /** Decoded bytes of the core; total is 0 when unknown. */
  readonly loaded: number;
  readonly total: number;
  readonly error?: Failure;
}

/** Between tabs, over a BroadcastChannel. `from` and `to` are tab ids. */
export type Broadcast =
  | { t: "hello"; from: string }
  | { t: "leading"; from: string; state: CoreState }
  | { t: "state"; from: string; state: CoreState }
  | { t: "call"; from: string; id: string; method: string; args: string }
  | { t: "accepted"; from: string; to: string; id: string }
  | { t: "answer"; from: string; to: string; id: string; ok?: string; error?: Failure }
  | { t: "watch"; from: string; key: string; view: string; params: string }
  | { t: "unwatch"; from: string; key: string }
  | { t: "snapshot"; from: string; key: string; value: string }
  | { t: "live"; from: string; json: string; bytes?: Uint8Array }
  | { t: "yield"; from: string }
  | { t: "refused"; from: string; to: string }
  | { t: "restart"; from: string };

/**
 * Over the MessagePort between the core's Worker and the media Worker. The page
 * passes the port on and keeps no end of it.
 */
export type CoreToMedia =
  | { t: "key"; call: string; epoch: number; leaf: number; baseKey: Uint8Array }
  | { t: "context"; request: number; context: number }
  | { t: "context"; request: number; error: Failure };

export type MediaToCore = { t: "context"; request: number };
