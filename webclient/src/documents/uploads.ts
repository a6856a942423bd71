/** The uploads of this tab. They go on while one looks at something else. */
import { create } from "zustand";
import { call } from "../core/client";
import { CoreError } from "../core/errors";
import type { Failure } from "../core/protocol";
import { prepare } from "./prepare";
import type { Part, Sealed } from "./protocol";
import { Upload, type UploadState } from "./upload";
import { encryptParts } from "./worker";

/** Where a document goes, and who will read it. */
export interface Destination {
  readonly room: string;
  readonly title: string;
  readonly audience: string;
  readonly people: number;
}

export interface Uploading extends UploadState {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly to: Destination;
}

const uploads = new Map<string, Upload>();
export const useUploads = create<{ readonly list: readonly Uploading[] }>(() => ({ list: [] }));

const active = (one: UploadState): boolean => one.phase !== "done" && one.phase !== "cancelled";

/** Shares a file in a room. */
export function upload(file: File, destination: Destination, caption: string): void {
  const id = crypto.randomUUID();
  const one = new Upload(
    {
      prepare: () => prepare(file),
      begin: (size) => call("document.begin", { room: destination.room, size }),
      parts: encryptParts,
      put,
      complete,
      share: (args) => call("document.share", { ...args, room: destination.room, ...(caption === "" ? {} : { caption }) }),
      abandon: (document) => void fetch(`/api/documents/${document}`, { method: "DELETE" }).catch(() => undefined), // swept after two days anyway
      wait,
    },
    () => change(id, one.state),
  );
  uploads.set(id, one);
  useUploads.setState(({ list }) => ({ list: [...list, { id, name: file.name, size: file.size, to: destination, ...one.state }] }));
  one.start();
}

function change(id: string, state: UploadState): void {
  useUploads.setState(({ list }) => ({
    list: list.flatMap((one) => (one.id !== id ? [one] : state.phase === "cancelled" ? [] : [{ ...one, ...state }])),
  }));
  if (!active(state)) uploads.delete(id);
}

export const pause = (id: string): void => uploads.get(id)?.pause();
export const resume = (id: string): void => uploads.get(id)?.start();
export const cancel = (id: string): void => uploads.get(id)?.cancel();

/** Takes finished uploads off the list. */
export function dismiss(id: string): void {
  useUploads.setState(({ list }) => ({ list: list.filter((one) => one.id !== id) }));
}

// A tab that closes takes unfinished uploads with it: the browser asks first.
addEventListener("beforeunload", (event) => {
  if (useUploads.getState().list.some((one) => active(one) && one.phase !== "failed")) event.preventDefault();
});

/** fetch() tells nothing of how far a body has been sent; XMLHttpRequest does. */
function put(document: string, n: number, part: Part, sent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (code: string): void => reject(new CoreError({ code }));
    request.open("PUT", `/api/documents/${document}/parts/${String(n)}`);
    request.upload.addEventListener("progress", (event) => sent(event.loaded));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new CoreError(failureOf(request.status, request.responseText)))));
    request.addEventListener("error", () => fail("unavailable"));
    request.addEventListener("timeout", () => fail("unavailable"));
    request.addEventListener("abort", () => fail("interrupted"));
    if (signal.aborted) {
      fail("interrupted");
      return;
    }
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(part.bytes);
  });
}

async function complete(document: string, sealed: Sealed): Promise<void> {
  const sha256 = base64url(Uint8Array.from(sealed.sha256.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
  let response: Response;
  try {
    response = await fetch(`/api/documents/${document}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sha256, size: sealed.size }),
    });
  } catch {
    throw new CoreError({ code: "unavailable" });
  }
  if (!response.ok) throw new CoreError(failureOf(response.status, await response.text()));
}

const base64url = (bytes: Uint8Array): string => btoa(String.fromCodePoint(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function failureOf(status: number, body: string): Failure {
  try {
    const { code } = JSON.parse(body) as Partial<Failure>;
    if (typeof code === "string") return { code };
  } catch {
    // A proxy's page, not the server's answer.
  }
  return { code: status >= 500 || status === 429 ? "unavailable" : "internal", detail: String(status) };
}

/** Waits, but no longer than until the network is back. */
function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end);
    signal.addEventListener("abort", end, { once: true });
  });
}
