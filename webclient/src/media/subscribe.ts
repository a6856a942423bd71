/** The subscribe connection: the node offers, and uses freed sections again for the same medium. */
import type { Medium } from "./frames";
import type { TransformStats } from "./messages";
import { Queue } from "./queue";
import { originOf, type Signal, type SignalTrack } from "./signal";
import { CONFIGURATION, type RemoteTrack, type Wiring } from "./wiring";

/** A section of the connection: its transform stays, what it carries changes. */
interface Slot {
  readonly transform: string;
  readonly track: MediaStreamTrack;
  carries: SignalTrack | undefined;
  leaf: number | undefined;
  unreadable: boolean;
  /** Counters of the transform when the present track began, or last moved. */
  frames: number;
  refused: number;
}

interface TrackFigures {
  level?: number;
  framesDecoded?: number;
  width?: number;
  height?: number;
}

export class Subscribing {
  readonly #wiring: Wiring;
  readonly #queue = new Queue();
  #pc: RTCPeerConnection | undefined;
  #origin = "";
  #sections = new Map<string, SignalTrack>();
  #slots = new Map<string, Slot>(); // by MID

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  get connection(): RTCPeerConnectionState {
    return this.#pc?.connectionState ?? "new";
  }

  get remote(): RemoteTrack[] {
    const out: RemoteTrack[] = [];
    for (const { carries, track, leaf, unreadable } of this.#slots.values()) {
      if (carries?.id === undefined || carries.peer === undefined || carries.medium === undefined) continue;
      out.push({ id: carries.id, peer: carries.peer, medium: carries.medium, track, unreadable, ...(leaf === undefined ? {} : { leaf }) });
    }
    return out;
  }

  offer(signal: Signal): void {
    void this.#queue.run(() => this.#accept(signal)).catch(() => this.restart());
  }

  /** Asks the node for an offer with another way through the network. */
  restart(): void {
    if (this.#pc !== undefined) this.#wiring.send({ type: "restart", pc: "subscribe" });
  }

  /** Somebody has left: their tiles go before the next offer says so. */
  left(peer: string | undefined): void {
    for (const slot of this.#slots.values()) if (slot.carries?.peer === peer) this.#carry(slot, undefined);
  }

  /** A transform has decrypted frames of another leaf. */
  source(transform: string, leaf: number): void {
    for (const slot of this.#slots.values()) {
      if (slot.transform !== transform) continue;
      slot.leaf = leaf;
      slot.unreadable = false;
      this.#wiring.changed();
    }
  }

  /** Counters of the transforms: frames that come and never decrypt are shown as such. */
  counted(transforms: readonly TransformStats[]): void {
    let changed = false;
    for (const slot of this.#slots.values()) {
      const stats = transforms.find((t) => t.id === slot.transform);
      if (stats === undefined) continue;
      const refused = stats.refused.no_key + stats.refused.not_authentic + stats.refused.malformed;
      const unreadable = refused > slot.refused && stats.frames === slot.frames;
      slot.frames = stats.frames;
      slot.refused = refused;
      if (unreadable === slot.unreadable) continue;
      slot.unreadable = unreadable;
      changed = true;
    }
    if (changed) this.#wiring.changed();
  }

  requestKeyFrame(transform: string): void {
    for (const [mid, slot] of this.#slots)
      if (slot.transform === transform && slot.carries !== undefined) this.#wiring.send({ type: "keyframe", tracks: [{ mid }] });
  }

  async stats(): Promise<{ bytes: number; packets: number; lost: number; tracks: Map<string, TrackFigures> }> {
    const out = { bytes: 0, packets: 0, lost: 0, tracks: new Map<string, TrackFigures>() };
    const report = await this.#pc?.getStats();
    report?.forEach((entry: Record<string, unknown>) => {
      if (entry["type"] !== "inbound-rtp") return;
      out.bytes += Number(entry["bytesReceived"] ?? 0);
      out.packets += Number(entry["packetsReceived"] ?? 0);
      out.lost += Number(entry["packetsLost"] ?? 0);
      const id = this.#slots.get(String(entry["mid"]))?.carries?.id;
      if (id === undefined) return;
      const figures: TrackFigures = {};
      if (typeof entry["audioLevel"] === "number") figures.level = entry["audioLevel"];
      if (typeof entry["framesDecoded"] === "number") figures.framesDecoded = entry["framesDecoded"];
      if (typeof entry["frameWidth"] === "number") figures.width = entry["frameWidth"];
      if (typeof entry["frameHeight"] === "number") figures.height = entry["frameHeight"];
      out.tracks.set(id, figures);
    });
    return out;
  }

  close(): void {
    this.#queue.close();
    this.#pc?.close();
    this.#pc = undefined;
    this.#slots.clear();
  }

  async #accept(signal: Signal): Promise<void> {
    const sdp = signal.sdp ?? "";
    if (this.#pc === undefined || this.#pc.connectionState === "closed" || originOf(sdp) !== this.#origin) this.#connect(originOf(sdp));
    const pc = this.#pc;
    if (pc === undefined) return;
    this.#sections = new Map((signal.tracks ?? []).map((t) => [t.mid ?? "", t]));
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    this.#wiring.send({ type: "subscribe.answer", sdp: pc.localDescription?.sdp ?? "" });
    for (const [mid, slot] of this.#slots) {
      const carries = this.#sections.get(mid);
      if (carries?.id !== slot.carries?.id) this.#carry(slot, carries);
    }
    this.#wiring.changed();
  }

  #connect(origin: string): void {
    this.#pc?.close();
    this.#slots = new Map();
    this.#origin = origin;
    const pc = new RTCPeerConnection(CONFIGURATION);
    this.#pc = pc;
    pc.addEventListener("connectionstatechange", () => {
      if (this.#pc !== pc) return;
      this.#wiring.changed();
      if (pc.connectionState === "failed") this.restart();
    });
    pc.addEventListener("track", ({ transceiver, receiver, track }) => this.#received(transceiver, receiver, track));
  }

  /** Fires within setRemoteDescription: the transform is there before the first packet. */
  #received(transceiver: RTCRtpTransceiver, receiver: RTCRtpReceiver, track: MediaStreamTrack): void {
    const mid = transceiver.mid ?? "";
    if (this.#slots.has(mid)) return; // used again: the transform stays
    const medium: Medium = this.#sections.get(mid)?.medium ?? (track.kind === "audio" ? "audio" : "camera");
    const { id, transform } = this.#wiring.transform({ direction: "receive", medium });
    receiver.transform = transform;
    this.#slots.set(mid, { transform: id, track, carries: undefined, leaf: undefined, unreadable: false, frames: 0, refused: 0 });
  }

  /** What a slot carries has changed: whose it is will be said by its next frame. */
  #carry(slot: Slot, carries: SignalTrack | undefined): void {
    slot.carries = carries;
    slot.leaf = undefined;
    slot.unreadable = false;
    this.#wiring.fresh(slot.transform);
  }
}
