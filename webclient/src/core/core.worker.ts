/**
 * The Worker in which the Go core lives, in the leading tab. Loads Go's loader
 * and core.wasm, tells the progress once, then hands every message to
 * {@link CoreRuntime}. Messages that come before the core is ready wait.
 */
import type { FromWorker, ToWorker } from "./protocol";
import { CoreRuntime, toFailure, type GoCore } from "./runtime";

/** What wasm_exec.js defines. */
interface GoLoader {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

interface Scope extends GoCore {
  Go: new () => GoLoader;
  ensembleReady?: () => void;
  ensembleFailed?: (json: string) => void;
  postMessage(message: FromWorker): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
}

const scope = globalThis as unknown as Scope;

const post = (message: FromWorker): void => scope.postMessage(message);
const waiting: ToWorker[] = [];
let runtime: CoreRuntime | undefined;

scope.addEventListener("message", (event) => {
  if (runtime === undefined) {
    if (event.data.t === "close") post({ t: "closed" });
    else waiting.push(event.data);
    return;
  }
  runtime.handle(event.data);
});

/** Size and hash of the core, written by the build; absent in some development set-ups. */
async function describe(): Promise<{ bytes: number; sha256?: string }> {
  const response = await fetch("/core.json", { cache: "no-cache" });
  if (!response.ok || !(response.headers.get("content-type") ?? "").includes("json")) return { bytes: 0 };
  return (await response.json()) as { bytes: number; sha256: string };
}

/** Fetches and compiles, counting decoded bytes on a copy of the stream. */
async function compile(go: GoLoader): Promise<WebAssembly.Instance> {
  const { bytes, sha256 } = await describe();
  const response = await fetch(sha256 === undefined ? "/core.wasm" : `/core.wasm?${sha256.slice(0, 16)}`);
  if (!response.ok) throw new TypeError(`core.wasm: ${String(response.status)}`);
  void count(response.clone(), bytes);
  const { instance } = await WebAssembly.instantiateStreaming(response, go.importObject);
  return instance;
}

async function count(response: Response, total: number): Promise<void> {
  let loaded = 0;
  let told = 0;
  for await (const part of response.body ?? []) {
    loaded += part.byteLength;
    if (loaded - told < 100_000 && loaded !== total) continue;
    told = loaded;
    post({ t: "progress", loaded, total });
  }
}

async function start(): Promise<void> {
  const loader = "/wasm_exec.js";
  await import(/* @vite-ignore */ loader);
  const go = new scope.Go();
  scope.ensembleReady = () => {
    const ready = new CoreRuntime(scope, post);
    runtime = ready;
    post({ t: "ready" });
    for (const message of waiting.splice(0)) ready.handle(message);
  };
  scope.ensembleFailed = (json) => post({ t: "failed", error: toFailure(json) });
  const instance = await compile(go);
  await go.run(instance);
  // main never returns in good health.
  post({ t: "failed", error: { code: "core_stopped" } });
}

start().catch((error: unknown) => {
  const failure = toFailure(error);
  post({
    t: "failed",
    error: failure.code === "internal" ? { code: "core_unreachable", ...(failure.detail === undefined ? {} : { detail: failure.detail }) } : failure,
  });
});
