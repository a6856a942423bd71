/** One participant of a call without an interface; the test plays the core. */
import type { CoreToMedia, MediaToCore } from "../../src/core/protocol";
import { Call, type CallStats } from "../../src/media/call";
import { openCamera, openMicrophone } from "../../src/media/devices";
import type { Medium } from "../../src/media/frames";
import type { Signal } from "../../src/media/signal";

export interface Seen {
  remote: Array<{ peer: string; medium: string; leaf?: number; unreadable: boolean; framesDecoded: number; level: number }>;
  announced: number;
  publishing: string;
  receiving: string;
  refused: Record<string, number>;
  sent: number;
  /** Frames that decrypted, by leaf index. */
  opened: Record<string, number>;
  epoch?: number;
}

export interface Participant {
  join(sfu: string, call: string, peer: string): Promise<void>;
  key(epoch: number, leaf: number, fill: number): void;
  publish(medium: Medium): Promise<void>;
  unpublish(medium: Medium): Promise<void>;
  mute(muted: boolean): void;
  reconnect(): void;
  see(): Promise<Seen>;
  leave(): void;
}

let call: Call | undefined;
let core: MessagePort | undefined;
let contexts = 0;
const elements = new Map<string, HTMLMediaElement>();

const the = (): Call => {
  if (call === undefined) throw new Error("not in a call");
  return call;
};

/** Picking a real screen needs a person; a drawing that changes stands for it. */
function drawnScreen(): Promise<MediaStreamTrack> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext("2d");
  let frame = 0;
  setInterval(() => {
    frame += 1;
    if (context === null) return;
    context.fillStyle = `hsl(${String(frame * 7)} 50% 50%)`;
    context.fillRect(0, 0, 640, 360);
  }, 100);
  const [track] = canvas.captureStream(10).getVideoTracks();
  return track === undefined ? Promise.reject(new Error("no track")) : Promise.resolve(track);
}

const participant: Participant = {
  async join(sfu, name, peer) {
    const socket = new WebSocket(`${sfu}/?call=${name}&peer=${peer}`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    const { port1, port2 } = new MessageChannel();
    core = port1;
    port1.addEventListener("message", ({ data }: MessageEvent<MediaToCore>) => {
      contexts += 1;
      port1.postMessage({ t: "context", request: data.request, context: contexts } satisfies CoreToMedia);
    });
    port1.start();
    const made = new Call({ core: port2, send: (signal) => socket.send(JSON.stringify(signal)) });
    call = made;
    made.onState(() => {
      for (const { id, track } of made.state.remote) {
        if (elements.get(id)?.srcObject instanceof MediaStream) continue;
        const element = document.createElement(track.kind === "video" ? "video" : "audio");
        element.muted = true;
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        document.body.append(element);
        elements.set(id, element);
      }
    });
    socket.addEventListener("message", ({ data }) => made.handle(JSON.parse(String(data)) as Signal));
  },
  key(epoch, leaf, fill) {
    core?.postMessage({ t: "key", call: "c", epoch, leaf, baseKey: new Uint8Array(16).fill(fill) } satisfies CoreToMedia);
  },
  async publish(medium) {
    const open = { camera: openCamera, audio: openMicrophone, screen: drawnScreen }[medium];
    await the().publish(medium, await open());
  },
  unpublish: (medium) => the().unpublish(medium),
  mute: (muted) => the().mute(muted),
  reconnect: () => the().reconnect(),
  async see() {
    const { state } = the();
    const stats: CallStats = await the().stats();
    const refused: Record<string, number> = {};
    let sent = 0;
    const opened: Record<string, number> = {};
    for (const t of stats.transforms) {
      for (const [reason, count] of Object.entries(t.refused)) refused[`${t.direction}.${reason}`] = (refused[`${t.direction}.${reason}`] ?? 0) + count;
      if (t.direction === "send") sent += t.frames;
      else if (t.leaf !== undefined) opened[t.leaf] = (opened[t.leaf] ?? 0) + t.frames;
    }
    return {
      remote: state.remote.map(({ id, peer, medium, leaf, unreadable }) => ({
        peer,
        medium,
        unreadable,
        framesDecoded: stats.tracks.get(id)?.framesDecoded ?? 0,
        level: stats.tracks.get(id)?.level ?? 0,
        ...(leaf === undefined ? {} : { leaf }),
      })),
      announced: state.announced.length,
      publishing: state.publishing,
      receiving: state.receiving,
      refused,
      sent,
      opened,
      ...(state.epoch === undefined ? {} : { epoch: state.epoch }),
    };
  },
  leave: () => the().close(),
};

Object.assign(globalThis, { participant });
