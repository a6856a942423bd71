import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { fromBase64, toBase64 } from "./base64";
import { addEntry, caretAfter, contentOf, entryText, listOf, removeEntry, setValue, textOf, writeText } from "./draft";
import { Coedit, type CoeditEnv } from "./session";

/** Devices that hear each other unless the network is cut; time is what the test says. */
class Network {
  now = 0;
  readonly devices = new Map<string, Coedit>();
  readonly cut = new Set<string>();
  readonly kept = new Map<string, Uint8Array[]>();
  said = 0;
  #timers = new Map<number, { at: number; act: () => void }>();
  #ids = 0;

  device(name: string): Coedit {
    const env: CoeditEnv = {
      say: (kind, payload) => {
        if (this.cut.has(name)) return Promise.reject(new Error("unavailable"));
        this.said += 1;
        for (const [other, one] of this.devices) if (other !== name && !this.cut.has(other)) one.hear(kind, payload, name);
        return Promise.resolve();
      },
      keep: (state) => {
        if (this.cut.has(name)) return Promise.reject(new Error("unavailable"));
        this.kept.set(name, [...(this.kept.get(name) ?? []), state]);
        return Promise.resolve();
      },
      setTimeout: (act, milliseconds) => {
        this.#ids += 1;
        this.#timers.set(this.#ids, { at: this.now + milliseconds, act });
        return this.#ids;
      },
      clearTimeout: (id) => this.#timers.delete(id as number),
      now: () => this.now,
    };
    const made = new Coedit(env, () => undefined);
    this.devices.set(name, made);
    return made;
  }

  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      const next = [...this.#timers].filter(([, t]) => t.at <= end).toSorted(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.now = Math.max(this.now, next[1].at);
      next[1].act();
      await Promise.resolve();
    }
    this.now = end;
    await Promise.resolve();
  }
}

const write = (device: Coedit, text: string): void => writeText(textOf(device.doc, "discussion"), text);
const read = (device: Coedit): string => textOf(device.doc, "discussion").toJSON();

describe("minutes written by several people", () => {
  it("are the same for all, whoever wrote at the same time", async () => {
    const net = new Network();
    const [a, b] = [net.device("a"), net.device("b")];
    a.open();
    b.open();
    write(a, "Odette chute.");
    await net.pass(100);
    expect(read(b)).toBe("Odette chute.");
    write(a, "Odette chute souvent.");
    write(b, "Hier, Odette chute.");
    await net.pass(100);
    expect(read(a)).toBe(read(b));
    expect(read(a)).toBe("Hier, Odette chute souvent.");
  });

  it("converge after a tunnel, though what was said meanwhile is lost", async () => {
    const net = new Network();
    const [a, b] = [net.device("a"), net.device("b")];
    a.open();
    b.open();
    net.cut.add("b");
    write(a, "dehors");
    write(b, "tunnel");
    await net.pass(200);
    expect(read(a)).not.toBe(read(b));
    net.cut.delete("b");
    b.compare();
    await net.pass(1000);
    expect(read(a)).toBe(read(b));
    expect(read(a)).toContain("dehors");
    expect(read(a)).toContain("tunnel");
  });

  it("converge by themselves even when nobody notices that something was lost", async () => {
    const net = new Network();
    const [a, b, c] = [net.device("a"), net.device("b"), net.device("c")];
    for (const one of [a, b, c]) one.open();
    net.cut.add("a");
    write(a, "perdu");
    await net.pass(100);
    net.cut.delete("a");
    await net.pass(13_000);
    expect([read(b), read(c)]).toEqual(["perdu", "perdu"]);
  });

  it("are quiet once all have the same", async () => {
    const net = new Network();
    const [a, b] = [net.device("a"), net.device("b")];
    a.open();
    b.open();
    write(a, "x");
    await net.pass(20_000);
    net.said = 0;
    await net.pass(12_000);
    // Two comparisons and presence; no updates back and forth.
    expect(net.said).toBeLessThan(10);
  });

  it("are kept a moment after the last change, and on leaving", async () => {
    const net = new Network();
    const a = net.device("a");
    a.open();
    write(a, "un");
    await net.pass(1000);
    expect(net.kept.get("a")).toBeUndefined();
    expect(a.state.kept).toBe("pending");
    await net.pass(2000);
    expect(net.kept.get("a")).toHaveLength(1);
    expect(a.state.kept).toBe("idle");
    write(a, "un deux");
    a.close();
    await net.pass(1);
    const later = net.device("later");
    for (const state of net.kept.get("a") ?? []) later.load(state);
    expect(read(later)).toBe("un deux");
  });

  it("are kept in the end, though one never stops writing", async () => {
    const net = new Network();
    const a = net.device("a");
    a.open();
    for (let i = 0; i < 20; i += 1) {
      write(a, "x".repeat(i + 1));
      await net.pass(1000);
    }
    expect(net.kept.get("a")?.length).toBeGreaterThan(0);
  });

  it("say that they could not be kept, and try again", async () => {
    const net = new Network();
    const a = net.device("a");
    a.open();
    net.cut.add("a");
    write(a, "gardez-moi");
    await net.pass(3000);
    expect(a.state.kept).toBe("failed");
    net.cut.delete("a");
    await net.pass(3000);
    expect(a.state.kept).toBe("idle");
    expect(net.kept.get("a")).toHaveLength(1);
  });

  it("show who writes where, and forget who has gone", async () => {
    const net = new Network();
    const [a, b] = [net.device("a"), net.device("b")];
    a.open();
    b.open();
    b.focus("synthesis");
    expect(a.state.others).toEqual([{ user: "b", field: "synthesis" }]);
    b.close();
    expect(a.state.others).toEqual([]);
    const c = net.device("c");
    c.open();
    net.cut.add("c");
    await net.pass(20_000);
    expect(a.state.others).toEqual([]);
  });

  it("do not change for bytes that mean nothing", () => {
    const net = new Network();
    const a = net.device("a");
    write(a, "intact");
    for (const kind of ["update", "vector", "awareness", "?"]) a.hear(kind, new Uint8Array([255, 254, 1, 2, 3]), "b");
    a.load(new Uint8Array([9, 9, 9]));
    expect(read(a)).toBe("intact");
  });
});

describe("a text field", () => {
  it.each([
    ["chute", "Odette chute", 7],
    ["aa", "aaa", 1],
    ["abc", "", 0],
    ["L’escalier", "L’escalier 🪜 inquiète", 13],
    ["🪜", "🪑", 2],
    ["Odette chute.", "Odette chute souvent.", undefined],
  ])("makes %o say %o", (before, after, caret) => {
    const text = new Y.Doc().getText("t");
    text.insert(0, before);
    writeText(text, after, caret);
    expect(text.toJSON()).toBe(after);
  });

  it("changes only what was changed", () => {
    const text = new Y.Doc().getText("t");
    text.insert(0, "aaaa");
    const seen: unknown[] = [];
    text.observe((event) => seen.push(...event.delta));
    writeText(text, "aabaa", 3);
    expect(seen).toEqual([{ retain: 2 }, { insert: "b" }]);
  });

  it.each([
    [5, [{ insert: "xyz" }], 8],
    [5, [{ retain: 5 }, { insert: "xyz" }], 5],
    [5, [{ retain: 1 }, { delete: 2 }], 3],
    [5, [{ retain: 3 }, { delete: 10 }], 3],
    [2, [{ retain: 4 }, { insert: "x" }], 2],
  ])("keeps the caret at %i after %o", (caret, delta, expected) => {
    expect(caretAfter(caret, delta)).toBe(expected);
  });
});

describe("decisions and actions", () => {
  it("are proposed without empty entries, with performer and date", () => {
    const { doc } = new Network().device("a");
    addEntry(doc, "decisions", "d1", " Rester à domicile ");
    addEntry(doc, "decisions", "d2");
    addEntry(doc, "actions", "a1", "Déposer le dossier APA");
    addEntry(doc, "actions", "a2");
    setValue(doc, "a1", { performer: "traore", performer_name: "Mme Traoré", due: "2026-12-07" });
    const goal = entryText(listOf(doc, "actions").get(0), "goal");
    if (goal !== undefined) writeText(goal, "Une aide");
    expect(contentOf(doc)).toEqual({
      discussion: "",
      synthesis: "",
      decisions: ["Rester à domicile"],
      actions: [{ text: "Déposer le dossier APA", goal: "Une aide", performer: "traore", performer_name: "Mme Traoré", due: "2026-12-07" }],
    });
    removeEntry(doc, "actions", "a1");
    expect(contentOf(doc).actions).toEqual([]);
  });
});

it("bytes survive JSON", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i % 256);
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
});
