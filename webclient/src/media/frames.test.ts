import { describe, expect, it } from "vitest";
import { clearBytes, FrameReceiver, FrameSender, MEDIUM, type Medium, type Opened } from "./frames";
import { GRACE, KeyRing, kidOf, leafOf, ReplayWindow } from "./keyring";
import { concat, decodeHeader, type Bytes } from "./sframe";

const base = (n: number): Bytes => new Uint8Array(16).fill(n);
const keyFrame = (): Bytes => new Uint8Array([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0, 1, 2, 3, 4, 5]);
const deltaFrame = (): Bytes => new Uint8Array([0x11, 0, 0, 9, 8, 7, 6]);
const sound = (): Bytes => new Uint8Array([0x78, 1, 2, 3]);

/** A ring as member `leaf` has it. */
function ring(leaf: number, epoch = 1, n = epoch, call = "c"): KeyRing {
  const made = new KeyRing();
  made.set({ call, epoch, leaf, baseKey: base(n) }, 0);
  return made;
}

async function sealed(sender: FrameSender, frame: Bytes): Promise<Bytes> {
  const out = await sender.seal(frame);
  if (typeof out === "string") throw new Error(`nothing sealed: ${out}`);
  return out;
}

describe("clear bytes", () => {
  it.each<[Medium, Bytes, number]>([
    ["camera", keyFrame(), 10],
    ["screen", keyFrame(), 10],
    ["camera", deltaFrame(), 3],
    ["audio", sound(), 1],
  ])("of %s %o are %i", (medium, frame, count) => {
    expect(clearBytes(medium, frame)).toBe(count);
  });
});

describe("KID", () => {
  it("is context, leaf and epoch, and its leaf names the sender", () => {
    expect(kidOf(0, 0, 0)).toBe(0n);
    expect(kidOf(1, 2, 3)).toBe((1n << 24n) | (2n << 8n) | 3n);
    expect(kidOf(2 ** 40 - 1, 0xffff, 0x1ff)).toBe((1n << 64n) - 1n);
    expect(leafOf(kidOf(77, 513, 300))).toBe(513);
  });
  it.each([
    [2 ** 40, 0],
    [-1, 0],
    [0.5, 0],
    [0, 2 ** 16],
    [0, -1],
  ])("refuses context %d with leaf %d", (context, leaf) => {
    expect(() => kidOf(context, leaf, 0)).toThrow(RangeError);
  });
});

describe("a frame", () => {
  it.each<[Medium, Bytes]>([
    ["camera", keyFrame()],
    ["screen", deltaFrame()],
    ["audio", sound()],
    ["camera", keyFrame().slice(0, 10)],
    ["audio", new Uint8Array([0x78])],
  ])("of %s comes back as it was, with its sender's leaf", async (medium, frame) => {
    const out = await sealed(new FrameSender(ring(5), medium, 9), frame);
    const clear = clearBytes(medium, frame);
    expect(out.subarray(0, clear)).toEqual(frame.subarray(0, clear));
    expect(decodeHeader(out.subarray(clear))?.kid).toBe(kidOf(9, 5, 1));
    expect(await new FrameReceiver(ring(2), medium).open(out, 1)).toEqual({ frame, leaf: 5 });
  });

  it("is not sent without a key", async () => {
    expect(await new FrameSender(new KeyRing(), "camera", 1).seal(keyFrame())).toBe("no_key");
  });

  it.each<[Medium, Bytes]>([
    ["audio", new Uint8Array()],
    ["camera", new Uint8Array()],
    ["camera", keyFrame().slice(0, 9)],
    ["screen", deltaFrame().slice(0, 2)],
  ])("of %s that is shorter than its clear bytes is not sent", async (medium, frame) => {
    expect(await new FrameSender(ring(5), medium, 1).seal(frame)).toBe("malformed");
  });

  it("does not pass for another medium", async () => {
    const out = await sealed(new FrameSender(ring(5), "camera", 9), keyFrame());
    expect(await new FrameReceiver(ring(2), "screen").open(out, 1)).toEqual({ refused: "not_authentic" });
    expect(new Set(Object.values(MEDIUM)).size).toBe(3);
  });

  it("is refused when any byte was changed, the clear ones included", async () => {
    const out = await sealed(new FrameSender(ring(5), "camera", 9), keyFrame());
    for (let i = 0; i < out.length; i += 1) {
      const bad = out.slice();
      bad[i] = (bad[i] ?? 0) ^ 0x10;
      const opened = await new FrameReceiver(ring(2), "camera").open(bad, 1);
      expect("refused" in opened, `byte ${String(i)}`).toBe(true);
    }
  });

  it("is refused when cut short, at every length", async () => {
    const out = await sealed(new FrameSender(ring(5), "audio", 9), sound());
    for (let n = 0; n < out.length; n += 1)
      expect(await new FrameReceiver(ring(2), "audio").open(out.slice(0, n), 1)).toHaveProperty("refused");
  });

  it("is shown once, however often it comes", async () => {
    const keys = ring(2);
    const [one, two] = [new FrameReceiver(keys, "audio"), new FrameReceiver(keys, "audio")];
    const out = await sealed(new FrameSender(ring(5), "audio", 9), sound());
    const both = await Promise.all([one.open(out, 1), two.open(out, 1)]);
    expect(both.filter((o) => "frame" in o)).toHaveLength(1);
    expect(await one.open(out, 1)).toEqual({ refused: "replayed" });
  });

  it("of one who has another key is refused", async () => {
    const out = await sealed(new FrameSender(ring(5, 1, 1), "audio", 9), sound());
    expect(await new FrameReceiver(ring(2, 1, 99), "audio").open(out, 1)).toEqual({ refused: "not_authentic" });
    expect(await new FrameReceiver(new KeyRing(), "audio").open(out, 1)).toEqual({ refused: "no_key" });
  });
});

describe("a change of epoch", () => {
  it("is followed at once by the sender, and the epoch before is accepted for a few seconds", async () => {
    const [mine, theirs] = [ring(5), ring(2)];
    const sender = new FrameSender(mine, "audio", 9);
    const receiver = new FrameReceiver(theirs, "audio");
    const [early, late, tooLate] = [await sealed(sender, sound()), await sealed(sender, sound()), await sealed(sender, sound())];
    for (const keys of [mine, theirs]) keys.set({ call: "c", epoch: 2, leaf: keys === mine ? 5 : 2, baseKey: base(2) }, 1000);
    expect(await receiver.open(early, 1000)).toHaveProperty("frame");
    expect(await receiver.open(late, 1000 + GRACE - 1)).toHaveProperty("frame");
    expect(await receiver.open(tooLate, 1000 + GRACE)).toEqual({ refused: "no_key" });
    const fresh = await sealed(sender, sound());
    expect(decodeHeader(fresh.subarray(1))?.kid).toBe(kidOf(9, 5, 2));
    expect(await receiver.open(fresh, 99_000)).toHaveProperty("frame");
  });

  it("two epochs on, the first is gone even within the grace", async () => {
    const keys = ring(2);
    const old = await sealed(new FrameSender(ring(5), "audio", 9), sound());
    keys.set({ call: "c", epoch: 2, leaf: 2, baseKey: base(2) }, 10);
    keys.set({ call: "c", epoch: 3, leaf: 2, baseKey: base(3) }, 20);
    expect(await new FrameReceiver(keys, "audio").open(old, 21)).toEqual({ refused: "no_key" });
  });

  it("to another call forgets every key of the one before", async () => {
    const keys = ring(2);
    const old = await sealed(new FrameSender(ring(5), "audio", 9), sound());
    keys.set({ call: "other", epoch: 2, leaf: 2, baseKey: base(7) }, 10);
    expect(await new FrameReceiver(keys, "audio").open(old, 11)).toEqual({ refused: "no_key" });
  });

  it("told twice, or late, changes nothing", async () => {
    const keys = ring(2, 5, 5);
    keys.set({ call: "c", epoch: 4, leaf: 1, baseKey: base(4) }, 10);
    keys.set({ call: "c", epoch: 5, leaf: 1, baseKey: base(99) }, 10);
    const out = await sealed(new FrameSender(ring(3, 5, 5), "audio", 1), sound());
    expect(await new FrameReceiver(keys, "audio").open(out, 11)).toHaveProperty("frame");
  });
});

describe("no nonce twice", () => {
  /** (KID, CTR) of what a sender sends. */
  async function nonces(sender: FrameSender, count: number, medium: Medium = "audio"): Promise<string[]> {
    const frame = medium === "audio" ? sound() : keyFrame();
    const frames = await Promise.all(Array.from({ length: count }, () => sealed(sender, frame)));
    return frames.map((f) => {
      const header = decodeHeader(f.subarray(clearBytes(medium, frame)));
      return `${String(header?.kid)}/${String(header?.ctr)}`;
    });
  }

  it("by three tracks, a reload within the epoch, and a Worker that starts again", async () => {
    let context = 0;
    const next = (): number => (context += 1); // the core counts durably
    const seen: string[] = [];
    for (let load = 0; load < 3; load += 1) {
      const keys = ring(5);
      for (const medium of ["camera", "screen", "audio"] as const) seen.push(...(await nonces(new FrameSender(keys, medium, next()), 20, medium)));
    }
    expect(new Set(seen).size).toBe(3 * 3 * 20);
  });

  it("by frames that are sealed at the same time, or around a change of epoch", async () => {
    const keys = ring(5);
    const sender = new FrameSender(keys, "audio", 1);
    const before = nonces(sender, 10);
    keys.set({ call: "c", epoch: 2, leaf: 5, baseKey: base(2) }, 10);
    const all = [...(await before), ...(await nonces(sender, 10))];
    expect(new Set(all).size).toBe(20);
    expect(new Set(all.map((n) => n.split("/")[1])).size).toBe(20); // CTR never starts again
  });
});

describe("replay window", () => {
  it("remembers what came, takes what is late, refuses what is too old", () => {
    const window = new ReplayWindow();
    window.add(10n);
    window.add(12n);
    expect([10n, 11n, 12n, 13n].map((c) => window.has(c))).toEqual([true, false, true, false]);
    window.add(11n);
    expect(window.has(11n)).toBe(true);
    window.add(5000n);
    expect(window.has(12n)).toBe(true);
    expect(window.has(3976n)).toBe(true);
    expect(window.has(3977n)).toBe(false);
    window.add(3n);
    expect(window.has(4999n)).toBe(false);
  });

  it("is not pushed out by KIDs that somebody invents", async () => {
    const keys = ring(2);
    const receiver = new FrameReceiver(keys, "audio");
    const out = await sealed(new FrameSender(ring(5), "audio", 9), sound());
    expect(await receiver.open(out, 1)).toHaveProperty("frame");
    const results: Opened[] = [];
    for (let i = 0; i < 500; i += 1) {
      const foreign = await sealed(new FrameSender(ring(5, 1, 77), "audio", 100 + i), sound());
      results.push(await receiver.open(foreign, 1));
    }
    expect(results.every((r) => "refused" in r && r.refused === "not_authentic")).toBe(true);
    expect(await receiver.open(out, 1)).toEqual({ refused: "replayed" });
  });
});

it("leaves what is not a frame alone", async () => {
  const receiver = new FrameReceiver(ring(2), "camera");
  let seed = 1;
  for (let i = 0; i < 300; i += 1) {
    const noise = new Uint8Array(Array.from({ length: i % 60 }, () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8));
    expect(await receiver.open(concat(noise), 1)).toHaveProperty("refused");
  }
});
