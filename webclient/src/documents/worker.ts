/** The page's end of the document Worker: started when it is first needed, one for the tab. */
import { CoreError } from "../core/errors";
import { workerURL } from "../core/trusted";
import documentWorker from "./document.worker.ts?worker&url";
import type { FromDocuments, Part, ToDocuments } from "./protocol";

interface Waiting {
  part?: (part: Part) => void;
  opened?: (content: Blob) => void;
  progress?: (loaded: number) => void;
  failed: (error: CoreError) => void;
}

let worker: Worker | undefined;
let ids = 0;
const waiting = new Map<string, Waiting>();

function tell(message: ToDocuments): void {
  if (worker === undefined) {
    const started = new Worker(workerURL(documentWorker), { type: "module", name: "documents" });
    started.addEventListener("message", ({ data }: MessageEvent<FromDocuments>) => hear(data));
    started.addEventListener("error", () => end({ t: "broken", error: { code: "core_unreachable" } }));
    worker = started;
  }
  worker.postMessage(message);
}

function hear(message: FromDocuments): void {
  if (message.t === "broken") {
    end(message);
    return;
  }
  const one = waiting.get(message.id);
  switch (message.t) {
    case "part":
      one?.part?.({ bytes: message.bytes, ...(message.last === undefined ? {} : { last: message.last }) });
      return;
    case "opened":
      one?.opened?.(message.content);
      return;
    case "progress":
      one?.progress?.(message.loaded);
      return;
    case "failed":
      one?.failed(new CoreError(message.error));
      return;
  }
}

/** The next request starts another one. */
function end(message: Extract<FromDocuments, { t: "broken" }>): void {
  worker?.terminate();
  worker = undefined;
  for (const one of waiting.values()) one.failed(new CoreError(message.error));
  waiting.clear();
}

/** The parts of one file, encrypted one after the other. */
export interface PartSource {
  next(): Promise<Part>;
  close(): void;
}

export function encryptParts(key: string, file: Blob, partSize: number): PartSource {
  ids += 1;
  const id = String(ids);
  const begin = (): void => tell({ t: "encrypt", id, key, file, partSize });
  begin();
  return {
    next: () =>
      new Promise((part, failed) => {
        waiting.set(id, { part, failed });
        tell({ t: "next", id });
      }),
    close: () => {
      waiting.delete(id);
      if (worker !== undefined) tell({ t: "drop", id });
    },
  };
}

export interface DocumentSource {
  readonly document: string;
  readonly key: string;
  readonly sha256: string;
  readonly ciphertext: number;
}

/** The content of a document, after all of it has proved to be what was shared. */
export function decryptDocument(source: DocumentSource, progress: (loaded: number) => void, signal: AbortSignal): Promise<Blob> {
  ids += 1;
  const id = String(ids);
  return new Promise<Blob>((opened, failed) => {
    waiting.set(id, { opened, progress, failed });
    signal.addEventListener("abort", () => {
      tell({ t: "drop", id });
      failed(new CoreError({ code: "interrupted" }));
    });
    tell({ t: "decrypt", id, url: `/api/documents/${encodeURIComponent(source.document)}`, key: source.key, sha256: source.sha256, size: source.ciphertext });
  }).finally(() => waiting.delete(id));
}
