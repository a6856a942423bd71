/**
 * One's own camera, microphone and screen, kept from the lobby into the meeting
 * and from item to item. A camera that is off is closed: its light goes out. A
 * microphone that is off stays open and silent, so that it comes back at once.
 */
import { DeviceError, onDevices, openCamera, openMicrophone, openScreen, type DeviceProblem } from "../../media/devices";

export interface Source {
  /** What the person wants. */
  readonly on: boolean;
  readonly opening: boolean;
  readonly track?: MediaStreamTrack;
  readonly problem?: DeviceProblem;
}

export interface Choice {
  readonly camera?: string;
  readonly microphone?: string;
  readonly speaker?: string;
}

export interface OwnState {
  readonly camera: Source;
  readonly microphone: Source;
  readonly screen?: MediaStreamTrack;
  readonly choice: Choice;
}

type Kind = "camera" | "microphone";

const KEY = "ensemble.devices";
const OPEN = { camera: openCamera, microphone: openMicrophone } as const;

function kept(): Choice {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(([, id]) => typeof id === "string"));
  } catch {
    return {}; // nothing kept, or a browser that keeps nothing
  }
}

export class Own {
  #state: OwnState = { camera: { on: true, opening: false }, microphone: { on: true, opening: false }, choice: kept() };
  #stopDevices: (() => void) | undefined;
  /** Counts openings, so that one that was overtaken closes what it got. */
  #opening = { camera: 0, microphone: 0 };
  readonly #listeners = new Set<() => void>();

  get state(): OwnState {
    return this.#state;
  }
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Opens what is wanted and not open yet. */
  async open(): Promise<void> {
    this.#stopDevices ??= "mediaDevices" in navigator ? onDevices(() => this.#devicesChanged()) : undefined;
    const wanted = (["camera", "microphone"] as const).filter((kind) => this.#state[kind].on && this.#state[kind].track === undefined && !this.#state[kind].opening);
    await Promise.all(wanted.map((kind) => this.#open(kind)));
  }

  async turn(kind: Kind, on: boolean): Promise<void> {
    const { track } = this.#state[kind];
    if (kind === "microphone" && track !== undefined) {
      track.enabled = on;
      this.#set(kind, { on, opening: false, track });
      return;
    }
    if (on) {
      this.#set(kind, { on, opening: false });
      await this.#open(kind);
      return;
    }
    this.#opening[kind] += 1;
    track?.stop();
    this.#set(kind, { on: false, opening: false });
  }

  /** On if it is off or could not be had, off if it is on. */
  toggle(kind: Kind): void {
    const { on, problem } = this.#state[kind];
    void this.turn(kind, !on || problem !== undefined);
  }

  /** Another device in place of the present one. */
  async choose(kind: keyof Choice, id: string): Promise<void> {
    this.#become({ ...this.#state, choice: { ...this.#state.choice, [kind]: id } });
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#state.choice));
    } catch {
      // The choice holds for this visit.
    }
    if (kind !== "speaker" && this.#state[kind].on) await this.#open(kind);
  }

  /** Shows a screen, window or tab that the person picks. */
  async share(): Promise<void> {
    const track = await openScreen();
    this.#state.screen?.stop();
    track.addEventListener("ended", () => {
      if (this.#state.screen === track) this.unshare();
    });
    this.#become({ ...this.#state, screen: track });
  }

  unshare(): void {
    const { screen, ...rest } = this.#state;
    screen?.stop();
    if (screen !== undefined) this.#become(rest);
  }

  /** Closes every device; what is wanted stays, for coming back. */
  close(): void {
    this.#stopDevices?.();
    this.#stopDevices = undefined;
    this.unshare();
    for (const kind of ["camera", "microphone"] as const) {
      this.#opening[kind] += 1;
      this.#state[kind].track?.stop();
      this.#set(kind, { on: this.#state[kind].on, opening: false });
    }
  }

  async #open(kind: Kind): Promise<void> {
    this.#opening[kind] += 1;
    const turn = this.#opening[kind];
    const before = this.#state[kind].track;
    this.#set(kind, { on: true, opening: true, ...(before !== undefined && { track: before }) });
    try {
      const track = await this.#get(kind);
      if (turn !== this.#opening[kind]) {
        track.stop();
        return;
      }
      before?.stop();
      track.addEventListener("ended", () => {
        if (this.#state[kind].track === track) this.#set(kind, { on: true, opening: false, problem: "none" });
      });
      this.#set(kind, { on: true, opening: false, track });
    } catch (thrown) {
      if (turn !== this.#opening[kind]) return;
      before?.stop();
      this.#set(kind, { on: true, opening: false, problem: thrown instanceof DeviceError ? thrown.problem : "unavailable" });
    }
  }

  async #get(kind: Kind): Promise<MediaStreamTrack> {
    const chosen = this.#state.choice[kind];
    try {
      return await OPEN[kind](chosen);
    } catch (thrown) {
      // The chosen one is not plugged in today: whichever there is.
      if (chosen === undefined || !(thrown instanceof DeviceError) || thrown.problem !== "none") throw thrown;
      return OPEN[kind]();
    }
  }

  /** Something was plugged in: perhaps what was missing. */
  #devicesChanged(): void {
    for (const kind of ["camera", "microphone"] as const) {
      const { on, problem, track } = this.#state[kind];
      if (on && track === undefined && problem === "none") void this.#open(kind);
    }
  }

  #set(kind: Kind, source: Source): void {
    this.#become({ ...this.#state, [kind]: source });
  }

  #become(state: OwnState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
