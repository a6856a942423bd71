/**
 * The media Worker: every frame that leaves or enters passes here. It gets its
 * keys and contexts from the core's Worker over a port that the page only hands
 * on, and tells the page counters and leaf indices, never a key.
 *
 * Without a key nothing is sent; what does not decrypt is never rendered.
 */
import type { CoreToMedia, MediaToCore } from "../core/protocol";
import { FrameReceiver, FrameSender, type Refusal } from "./frames";
import { KeyRing } from "./keyring";
import type { FromMedia, ToMedia, TransformOptions, TransformStats } from "./messages";
import type { Bytes } from "./sframe";

interface EncodedFrame {
  data: ArrayBuffer;
}

interface Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options: TransformOptions;
  generateKeyFrame?(): Promise<unknown>;
  sendKeyFrameRequest?(): Promise<unknown>;
}

interface Scope {
  postMessage(message: FromMedia): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToMedia>) => void): void;
  addEventListener(type: "rtctransform", listener: (event: { transformer: Transformer }) => void): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counters = Mutable<Omit<TransformStats, "refused">> & { refused: Record<Refusal, number> };

const scope = globalThis as unknown as Scope;
const keys = new KeyRing();
const all = new Set<Counters>();
let core: MessagePort | undefined;
let requests = 0;
const asked = new Map<number, { resolve: (context: number) => void; reject: (error: Error) => void }>();
/** Those that wait for a port to ask for a context. */
let awaitingCore: Array<() => void> = [];

scope.addEventListener("message", ({ data }) => {
  switch (data.t) {
    case "core":
      core = data.port;
      core.addEventListener("message", fromCore);
      core.start();
      for (const wake of awaitingCore.splice(0)) wake();
      return;
    case "fresh":
      for (const counters of all) if (counters.id === data.id) delete counters.leaf;
      return;
    case "clear":
      keys.clear();
      return;
  }
});

function fromCore({ data }: MessageEvent<CoreToMedia>): void {
  switch (data.t) {
    case "key":
      keys.set({ call: data.call, epoch: data.epoch, leaf: data.leaf, baseKey: new Uint8Array(data.baseKey) }, Date.now());
      scope.postMessage({ t: "epoch", epoch: data.epoch });
      return;
    case "context": {
      const waiting = asked.get(data.request);
      asked.delete(data.request);
      if ("context" in data) waiting?.resolve(data.context);
      else waiting?.reject(new Error(data.error.code));
      return;
    }
  }
}

/** A context of its own for a transform, durably counted by the core before use. */
async function newContext(): Promise<number> {
  if (core === undefined)
    await new Promise<void>((resolve) => {
      awaitingCore.push(resolve);
    });
  requests += 1;
  const request = requests;
  return new Promise((resolve, reject) => {
    asked.set(request, { resolve, reject });
    core?.postMessage({ t: "context", request } satisfies MediaToCore);
  });
}

scope.addEventListener("rtctransform", ({ transformer }) => {
  const { id, direction, medium } = transformer.options;
  const counters: Counters = {
    id,
    direction,
    medium,
    frames: 0,
    refused: { no_key: 0, not_authentic: 0, replayed: 0, malformed: 0 },
  };
  all.add(counters);
  const transform = direction === "send" ? sending(transformer, counters) : receiving(transformer, counters);
  transformer.readable
    .pipeThrough(new TransformStream({ transform }))
    .pipeTo(transformer.writable)
    .catch(() => undefined) // the connection has closed
    .finally(() => all.delete(counters));
});

type Transform = (frame: EncodedFrame, controller: TransformStreamDefaultController<EncodedFrame>) => Promise<void>;

function sending(transformer: Transformer, counters: Counters): Transform {
  let sender: FrameSender | undefined;
  let dropped = false;
  newContext().then(
    (context) => {
      sender = new FrameSender(keys, counters.medium, context);
    },
    (error: unknown) => scope.postMessage({ t: "mute", id: counters.id, code: error instanceof Error ? error.message : "internal" }),
  );
  return async (frame, controller) => {
    const sealed = sender === undefined ? "no_key" : await sender.seal(new Uint8Array(frame.data));
    if (typeof sealed === "string") {
      counters.refused[sealed] += 1;
      dropped = true;
      return;
    }
    if (dropped) {
      // Whoever listens has missed the beginning.
      dropped = false;
      transformer.generateKeyFrame?.().catch(() => undefined);
    }
    counters.frames += 1;
    frame.data = whole(sealed);
    controller.enqueue(frame);
  };
}

function receiving(transformer: Transformer, counters: Counters): Transform {
  const receiver = new FrameReceiver(keys, counters.medium);
  let dropped = false;
  return async (frame, controller) => {
    const opened = await receiver.open(new Uint8Array(frame.data), Date.now());
    if ("refused" in opened) {
      counters.refused[opened.refused] += 1;
      if (opened.refused !== "replayed") dropped = true;
      return;
    }
    if (dropped) {
      // A frame is missing to the decoder: it needs a fresh start.
      dropped = false;
      if (counters.medium !== "audio") askForKeyFrame(transformer, counters.id);
    }
    counters.frames += 1;
    if (opened.leaf !== counters.leaf) {
      counters.leaf = opened.leaf;
      scope.postMessage({ t: "source", id: counters.id, leaf: opened.leaf });
    }
    frame.data = whole(opened.frame);
    controller.enqueue(frame);
  };
}

function askForKeyFrame(transformer: Transformer, id: string): void {
  const bySignal = (): void => scope.postMessage({ t: "keyframe", id });
  if (transformer.sendKeyFrameRequest === undefined) bySignal();
  else transformer.sendKeyFrameRequest().catch(bySignal);
}

const whole = (bytes: Bytes): ArrayBuffer =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;

let told = "";
setInterval(() => {
  const transforms: TransformStats[] = [...all];
  const now = JSON.stringify(transforms);
  if (now === told) return;
  told = now;
  scope.postMessage({ t: "stats", transforms });
}, 1000);
