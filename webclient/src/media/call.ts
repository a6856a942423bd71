/**
 * One participant's media in a running call: publishes camera, screen and voice
 * on one peer connection (the client offers) and receives everybody else's on a
 * second (the node offers). Every frame passes the media Worker. Signals go
 * through whatever the caller has, in order and without loss.
 *
 * It knows no room and no name: who speaks through a track is the leaf index that
 * its frames authenticate, and the roster says who that is.
 */
import { workerURL } from "../core/trusted";
import type { Medium } from "./frames";
import mediaWorker from "./media.worker.ts?worker&url";
import type { FromMedia, ToMedia, TransformOptions, TransformStats } from "./messages";
import { Publishing } from "./publish";
import type { Signal, SignalTrack } from "./signal";
import { Subscribing } from "./subscribe";
import type { RemoteTrack, Wiring } from "./wiring";

export interface CallState {
  readonly publishing: RTCPeerConnectionState;
  readonly receiving: RTCPeerConnectionState;
  /** What I send. A muted microphone is sent and silent. */
  readonly local: Readonly<Partial<Record<Medium, MediaStreamTrack>>>;
  readonly remote: readonly RemoteTrack[];
  /** What others publish, whether or not it has come here yet. */
  readonly announced: readonly SignalTrack[];
  /** The epoch whose keys are in use; undefined before the first. */
  readonly epoch?: number;
  /** Why nothing can be sent: a code of the core. */
  readonly blocked?: string;
}

export interface CallStats {
  readonly roundTrip?: number; // milliseconds
  readonly sent: number; // bits per second since the last time
  readonly received: number;
  readonly lost: number; // packets received, of a hundred, since the last time
  readonly transforms: readonly TransformStats[];
  /** Loudness 0 to 1 and decoded frames, by the node's name of the track. */
  readonly tracks: ReadonlyMap<string, { level?: number; framesDecoded?: number; width?: number; height?: number }>;
}

export interface CallOptions {
  send(signal: Signal): void;
  /** The port from `Bridge.mediaPort`. */
  readonly core: MessagePort;
}

export class Call {
  readonly #options: CallOptions;
  readonly #worker: Worker;
  readonly #publishing: Publishing;
  readonly #subscribing: Subscribing;
  readonly #listeners = new Set<() => void>();
  #transforms: readonly TransformStats[] = [];
  #announced: readonly SignalTrack[] = [];
  #epoch: number | undefined;
  #blocked: string | undefined;
  #ids = 0;
  #state: CallState;
  #closed = false;
  #counted = { at: 0, sent: 0, received: 0, packets: 0, lost: 0 };

  constructor(options: CallOptions) {
    this.#options = options;
    this.#worker = new Worker(workerURL(mediaWorker), { type: "module", name: "media" });
    this.#worker.addEventListener("message", (event: MessageEvent<FromMedia>) => this.#hear(event.data));
    this.#tell({ t: "core", port: options.core }, [options.core]);
    const wiring: Wiring = {
      send: (signal) => {
        if (!this.#closed) options.send(signal);
      },
      transform: (given) => {
        this.#ids += 1;
        const id = String(this.#ids);
        return { id, transform: new RTCRtpScriptTransform(this.#worker, { ...given, id } satisfies TransformOptions) };
      },
      fresh: (id) => this.#tell({ t: "fresh", id }, []),
      changed: () => this.#changed(),
    };
    this.#publishing = new Publishing(wiring);
    this.#subscribing = new Subscribing(wiring);
    this.#state = this.#snapshot();
  }

  /** Whether this browser can encrypt media frames at all. */
  static supported(): boolean {
    return typeof RTCPeerConnection === "function" && "RTCRtpScriptTransform" in globalThis;
  }

  /** The same object until something changes. */
  get state(): CallState {
    return this.#state;
  }
  onState(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A signal from the node. */
  handle(signal: Signal): void {
    if (this.#closed) return;
    switch (signal.type) {
      case "publish.answer":
        this.#publishing.answer(signal);
        return;
      case "subscribe.offer":
        this.#subscribing.offer(signal);
        return;
      case "restart":
        if (signal.pc === "publish") this.#publishing.restart();
        return;
      case "tracks":
        this.#announced = signal.tracks ?? [];
        this.#changed();
        return;
      case "left":
        this.#announced = this.#announced.filter((t) => t.peer !== signal.peer);
        this.#subscribing.left(signal.peer);
        this.#changed();
        return;
      case "publish.offer":
      case "subscribe.answer":
      case "candidate":
      case "keyframe":
        return; // not for a client
    }
  }

  /** Sends a track, or another one in place of the last (another device). */
  async publish(medium: Medium, track: MediaStreamTrack): Promise<void> {
    await this.#publishing.set(medium, track);
  }

  /** Stops sending; others see that it is gone. */
  async unpublish(medium: Medium): Promise<void> {
    await this.#publishing.set(medium, undefined);
  }

  /** Silences the microphone, or opens it again, without anybody negotiating. */
  mute(muted: boolean): void {
    const track = this.#state.local.audio;
    if (track === undefined) return;
    track.enabled = !muted;
    this.#changed();
  }

  /** The network has changed (a laptop woke, Wi-Fi to 4G): finds a new way. */
  reconnect(): void {
    this.#publishing.restart();
    this.#subscribing.restart();
  }

  async stats(): Promise<CallStats> {
    const [out, into] = await Promise.all([this.#publishing.stats(), this.#subscribing.stats()]);
    const before = this.#counted;
    const now = { at: performance.now(), sent: out.bytes, received: into.bytes, packets: into.packets, lost: into.lost };
    this.#counted = now;
    const seconds = (now.at - before.at) / 1000;
    const rate = (bytes: number): number => (before.at === 0 || seconds <= 0 ? 0 : Math.max(0, (bytes * 8) / seconds));
    const arrived = now.packets - before.packets;
    const missing = Math.max(0, now.lost - before.lost);
    return {
      ...(out.roundTrip === undefined ? {} : { roundTrip: out.roundTrip }),
      sent: rate(now.sent - before.sent),
      received: rate(now.received - before.received),
      lost: arrived + missing > 0 ? (100 * missing) / (arrived + missing) : 0,
      transforms: this.#transforms,
      tracks: into.tracks,
    };
  }

  /** Leaves: ends the connections, the Worker and with it every key. Local tracks stay the caller's. */
  close(): void {
    if (this.#closed) return;
    this.#options.send({ type: "left" });
    this.#closed = true;
    this.#publishing.close();
    this.#subscribing.close();
    this.#tell({ t: "clear" }, []);
    this.#worker.terminate();
    this.#changed();
  }

  #hear(message: FromMedia): void {
    switch (message.t) {
      case "stats":
        this.#transforms = message.transforms;
        this.#subscribing.counted(message.transforms);
        return;
      case "epoch":
        this.#epoch = message.epoch;
        this.#blocked = undefined;
        this.#changed();
        return;
      case "source":
        this.#subscribing.source(message.id, message.leaf);
        return;
      case "keyframe":
        this.#subscribing.requestKeyFrame(message.id);
        return;
      case "mute":
        this.#blocked = message.code;
        this.#changed();
        return;
    }
  }

  #tell(message: ToMedia, transfer: Transferable[]): void {
    this.#worker.postMessage(message, transfer);
  }

  #snapshot(): CallState {
    return {
      publishing: this.#publishing.connection,
      receiving: this.#subscribing.connection,
      local: this.#publishing.local,
      remote: this.#subscribing.remote,
      announced: this.#announced,
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
      ...(this.#blocked === undefined ? {} : { blocked: this.#blocked }),
    };
  }

  #changed(): void {
    this.#state = this.#snapshot();
    for (const listener of this.#listeners) listener();
  }
}
