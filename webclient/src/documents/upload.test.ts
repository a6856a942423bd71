import { describe, expect, it } from "vitest";
import { CoreError } from "../core/errors";
import type { Part } from "./protocol";
import { TRIES, Upload, type UploadEnv, type UploadState } from "./upload";

const file = new Blob(["x".repeat(100)]);
const part = (n: number, last = false): Part => ({ bytes: new Uint8Array(40).fill(n), ...(last ? { last: { sha256: "ab", size: 120 } } : {}) });

interface Rig {
  readonly upload: Upload;
  readonly log: string[];
  readonly phases: string[];
  readonly until: (phase: UploadState["phase"]) => Promise<void>;
}

function rig(over: Partial<UploadEnv> = {}): Rig {
  const log: string[] = [];
  const phases: string[] = [];
  const waiting: Array<{ phase: string; resolve: () => void }> = [];
  let made = 0;
  const env: UploadEnv = {
    prepare: () => Promise.resolve({ file, name: "photo.jpg", mediaType: "image/jpeg" }),
    begin: (size) => {
      log.push(`begin ${String(size)}`);
      return Promise.resolve({ document: "d", key: "k", part_size: 40 });
    },
    parts: () => ({
      next: () => {
        made += 1;
        return Promise.resolve(part(made, made === 3));
      },
      close: () => log.push("dropped"),
    }),
    put: (_, n, one, sent) => {
      log.push(`put ${String(n)} (${String(one.bytes[0])})`);
      sent(one.bytes.byteLength);
      return Promise.resolve();
    },
    complete: (_, sealed) => {
      log.push(`complete ${sealed.sha256} ${String(sealed.size)}`);
      return Promise.resolve();
    },
    share: (args) => {
      log.push(`share ${args.name} ${args.sha256}`);
      return Promise.resolve();
    },
    abandon: (document) => log.push(`abandon ${document}`),
    wait: () => Promise.resolve(),
    ...over,
  };
  const upload: Upload = new Upload(env, () => {
    const { phase } = upload.state;
    if (phases.at(-1) !== phase) phases.push(phase);
    for (const one of waiting.splice(0)) {
      if (one.phase === phase) one.resolve();
      else waiting.push(one);
    }
  });
  const until = (phase: string): Promise<void> => new Promise((resolve) => (upload.state.phase === phase ? resolve() : waiting.push({ phase, resolve })));
  return { upload, log, phases, until };
}

const unavailable = new CoreError({ code: "unavailable" });

describe("an upload", () => {
  it("puts every part once and in order, completes, and shares", async () => {
    const { upload, log, phases, until } = rig();
    upload.start();
    await until("done");
    expect(log).toEqual(["begin 100", "put 1 (1)", "put 2 (2)", "put 3 (3)", "complete ab 120", "share photo.jpg ab"]);
    expect(phases).toEqual(["preparing", "sending", "sharing", "done"]);
    expect(upload.state.progress).toBe(1);
  });

  it("puts the same bytes again when the network has gone, and says that it waits", async () => {
    let failures = 2;
    const puts: number[] = [];
    const { upload, phases, until } = rig({
      put: (_, n, one) => {
        puts.push(n, one.bytes[0] ?? 0);
        failures -= 1;
        return failures >= 0 ? Promise.reject(unavailable) : Promise.resolve();
      },
    });
    upload.start();
    await until("done");
    expect(puts.slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(phases).toContain("waiting");
  });

  it("gives up after some tries, keeps what was sent, and goes on from there", async () => {
    let dead = false;
    const puts: number[] = [];
    const { upload, log, until } = rig({
      put: (_, n) => {
        puts.push(n);
        return n === 2 && !dead ? Promise.reject(unavailable) : Promise.resolve();
      },
    });
    upload.start();
    await until("failed");
    expect(upload.state.error?.code).toBe("unavailable");
    expect(puts).toEqual([1, ...Array.from({ length: TRIES }, () => 2)]);
    dead = true;
    upload.start();
    await until("done");
    expect(puts.slice(TRIES + 1)).toEqual([2, 3]);
    expect(log.filter((l) => l.startsWith("begin"))).toHaveLength(1);
  });

  it("does not try again what is refused", async () => {
    let puts = 0;
    const { upload, until } = rig({
      put: () => {
        puts += 1;
        return Promise.reject(new CoreError({ code: "not_member" }));
      },
    });
    upload.start();
    await until("failed");
    expect(puts).toBe(1);
  });

  it("pauses in the middle of a part and puts that part again on resuming", async () => {
    let hang = true;
    const puts: number[] = [];
    const { upload, until } = rig({
      put: (_, n, __, ___, signal) => {
        puts.push(n);
        if (n !== 2 || !hang) return Promise.resolve();
        hang = false;
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new CoreError({ code: "interrupted" })));
          queueMicrotask(() => upload.pause());
        });
      },
    });
    upload.start();
    await until("paused");
    await Promise.resolve();
    upload.start();
    await until("done");
    expect(puts).toEqual([1, 2, 2, 3]);
  });

  it("stays paused when it was paused while a part was encrypted, and goes on with that part", async () => {
    let encrypted: (one: Part) => void = () => undefined;
    const { upload, log, phases, until } = rig({
      parts: () => ({
        next: () =>
          new Promise((resolve) => {
            encrypted = resolve;
          }),
        close: () => undefined,
      }),
    });
    upload.start();
    await until("sending");
    upload.pause();
    encrypted(part(1, true));
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
    expect([upload.state.phase, phases.at(-1), log]).toEqual(["paused", "paused", ["begin 100"]]);
    upload.start();
    await until("done");
    expect(log.slice(0, 2)).toEqual(["begin 100", "put 1 (1)"]);
  });

  it("leaves nothing behind when it is cancelled, and says nothing more", async () => {
    const { upload, log, phases, until } = rig({
      put: (_, __, ___, ____, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new CoreError({ code: "interrupted" })));
          queueMicrotask(() => upload.cancel());
        }),
    });
    upload.start();
    await until("cancelled");
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(["begin 100", "dropped", "abandon d"]);
    expect(phases.at(-1)).toBe("cancelled");
  });

  it("shares again without sending again when only the sharing failed", async () => {
    let refused = true;
    const { upload, log, until } = rig({
      share: (args) => {
        log.push(`share ${args.document}`);
        return refused ? Promise.reject(new CoreError({ code: "removal_pending" })) : Promise.resolve();
      },
    });
    upload.start();
    await until("failed");
    refused = false;
    upload.start();
    await until("done");
    expect(log.filter((l) => l.startsWith("put"))).toHaveLength(3);
    expect(log.filter((l) => l.startsWith("complete"))).toHaveLength(1);
    expect(log.filter((l) => l.startsWith("share"))).toHaveLength(2);
  });
});
