/** The publish connection: the client offers, one section for each medium. */
import type { Medium } from "./frames";
import { Queue } from "./queue";
import type { Signal } from "./signal";
import { CONFIGURATION, type Wiring } from "./wiring";

/** Bits per second and pictures per second that are enough for faces, and for text. */
const ENCODINGS: Readonly<Record<Medium, RTCRtpEncodingParameters>> = {
  camera: { maxBitrate: 900_000, maxFramerate: 25 },
  screen: { maxBitrate: 2_000_000, maxFramerate: 12 },
  audio: { maxBitrate: 40_000, priority: "high", networkPriority: "high" },
};

interface Section {
  readonly transceiver: RTCRtpTransceiver;
  track: MediaStreamTrack | undefined;
}

export class Publishing {
  readonly #wiring: Wiring;
  readonly #queue = new Queue();
  readonly #wanted = new Map<Medium, MediaStreamTrack>();
  #pc: RTCPeerConnection | undefined;
  #sections = new Map<Medium, Section>();
  #answered: (() => void) | undefined;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  get connection(): RTCPeerConnectionState {
    return this.#pc?.connectionState ?? "new";
  }
  get local(): Partial<Record<Medium, MediaStreamTrack>> {
    return Object.fromEntries(this.#wanted);
  }

  /** Sends `track` as `medium`, or nothing. */
  async set(medium: Medium, track: MediaStreamTrack | undefined): Promise<void> {
    if (track === undefined) this.#wanted.delete(medium);
    else this.#wanted.set(medium, track);
    this.#wiring.changed();
    await this.#queue.run(() => this.#apply(medium));
  }

  /** Another way through the network, with the same sections. */
  restart(): void {
    void this.#queue.run(async () => {
      if (this.#pc === undefined) return;
      if (this.#pc.connectionState === "closed" || this.#pc.connectionState === "failed") {
        this.#rebuild();
        for (const medium of this.#wanted.keys()) await this.#place(medium);
      } else this.#pc.restartIce();
      await this.#negotiate();
    });
  }

  answer(signal: Signal): void {
    const pc = this.#pc;
    if (pc === undefined || pc.signalingState !== "have-local-offer" || signal.sdp === undefined) return;
    pc.setRemoteDescription({ type: "answer", sdp: signal.sdp })
      .then(() => this.#answered?.())
      .catch(() => this.restart()); // a description that does not fit: begin again
  }

  async stats(): Promise<{ bytes: number; roundTrip?: number }> {
    let bytes = 0;
    let roundTrip: number | undefined;
    const report = await this.#pc?.getStats();
    report?.forEach((entry: Record<string, unknown>) => {
      if (entry["type"] !== "candidate-pair" || entry["nominated"] !== true) return;
      bytes += Number(entry["bytesSent"] ?? 0);
      if (typeof entry["currentRoundTripTime"] === "number") roundTrip = entry["currentRoundTripTime"] * 1000;
    });
    return { bytes, ...(roundTrip === undefined ? {} : { roundTrip }) };
  }

  close(): void {
    this.#queue.close();
    this.#pc?.close();
    this.#pc = undefined;
    this.#sections.clear();
    this.#wanted.clear();
    this.#answered?.();
  }

  async #apply(medium: Medium): Promise<void> {
    if (this.#pc === undefined && this.#wanted.size === 0) return;
    if (this.#pc === undefined) this.#rebuild();
    if (await this.#place(medium)) await this.#negotiate();
  }

  /** Puts the wanted track into its section; says whether that needs an offer. */
  async #place(medium: Medium): Promise<boolean> {
    const track = this.#wanted.get(medium);
    const section = this.#sections.get(medium);
    if (section === undefined) {
      if (track === undefined) return false;
      this.#add(medium, track);
      return true;
    }
    if (section.track === track) return false;
    const sent = section.track !== undefined;
    section.track = track;
    await section.transceiver.sender.replaceTrack(track ?? null);
    const sends = track !== undefined;
    if (sends === sent) return false;
    section.transceiver.direction = sends ? "sendonly" : "inactive";
    return true;
  }

  #add(medium: Medium, track: MediaStreamTrack): void {
    if (this.#pc === undefined) return;
    if (medium === "screen") track.contentHint = "detail";
    const transceiver = this.#pc.addTransceiver(track, { direction: "sendonly", sendEncodings: [ENCODINGS[medium]] });
    // At once: set later, a frame could leave unencrypted.
    transceiver.sender.transform = this.#wiring.transform({ direction: "send", medium }).transform;
    prefer(transceiver, medium);
    this.#sections.set(medium, { transceiver, track });
  }

  #rebuild(): void {
    this.#pc?.close();
    this.#sections = new Map();
    const pc = new RTCPeerConnection(CONFIGURATION);
    this.#pc = pc;
    pc.addEventListener("connectionstatechange", () => {
      if (this.#pc !== pc) return;
      this.#wiring.changed();
      if (pc.connectionState === "failed") this.restart();
    });
  }

  /** One offer and its answer. The queue sees to it that there is one at a time. */
  async #negotiate(): Promise<void> {
    const pc = this.#pc;
    if (pc === undefined) return;
    await pc.setLocalDescription(await pc.createOffer());
    const tracks = [...this.#sections]
      .filter(([, section]) => section.transceiver.direction === "sendonly")
      .map(([medium, section]) => ({ mid: section.transceiver.mid ?? "", medium }));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_TIMEOUT);
      this.#answered = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#wiring.send({ type: "publish.offer", sdp: pc.localDescription?.sdp ?? "", tracks });
    });
    this.#answered = undefined;
  }
}

/** After this the next offer goes out all the same; the node answers the newest. */
const ANSWER_TIMEOUT = 8_000;

/** VP8 with retransmission, Opus without redundancy: what the node forwards. */
function prefer(transceiver: RTCRtpTransceiver, medium: Medium): void {
  const wanted = medium === "audio" ? ["audio/opus"] : ["video/vp8", "video/rtx"];
  const codecs = RTCRtpReceiver.getCapabilities(medium === "audio" ? "audio" : "video")?.codecs ?? [];
  transceiver.setCodecPreferences(codecs.filter((codec) => wanted.includes(codec.mimeType.toLowerCase())));
}
