/**
 * This tab's part in a meeting: waits in the lobby, follows the session from item
 * to item, and holds one {@link Call} for each item that it is let into. It lives
 * outside React, so that a change of language or screen drops nobody.
 */
import { call as command, core, onLive, watch } from "../../core/client";
import { CoreError } from "../../core/errors";
import type { CallView } from "../../core/types.gen";
import { Call, type CallState } from "../../media/call";
import type { Medium } from "../../media/frames";
import type { Signal } from "../../media/signal";
import { Own } from "./own";

/** How the way through the network is, in a word. */
export type Network = "unknown" | "good" | "weak" | "lost";

export interface MeetingState {
  /** out: not asked to come in, or left. */
  readonly phase: "out" | "entering" | "entered";
  /** Why one could not come in. */
  readonly problem?: CoreError;
  /** The running call, once this device is in it. */
  readonly call?: CallState;
  /** Loudness 0 to 1 of the others, by leaf index. */
  readonly levels: ReadonlyMap<number, number>;
  readonly network: Network;
}

/** A microphone that stays silent this long is taken out of the call: others then see that it is off. */
const SILENT_AFTER = 1_500;
const LOOK_EVERY = 1_000;
const RETRY_AFTER = 1_000;
/** How long a meeting stays after its last screen has gone: from the lobby to the stage. */
const LINGER = 1_500;
/** How long the stage may take to come, on an old laptop. */
const HAND_OVER = 8_000;
const LEAVE_WITHIN = 1_500;
/** Failures of the way, not of the signal. */
const PASSING = new Set(["unavailable", "interrupted", "rate_limited", "busy"]);

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export class Meeting {
  readonly session: string;
  readonly own = new Own();
  #state: MeetingState = { phase: "out", levels: new Map(), network: "unknown" };
  #release: (() => void) | undefined;
  #stops: Array<() => void> = [];
  #call: { readonly id: string; readonly call: Call; readonly timer: ReturnType<typeof setInterval> } | undefined;
  #line: Promise<unknown> = Promise.resolve();
  #silent: { track: MediaStreamTrack; timer: ReturnType<typeof setTimeout>; out: boolean } | undefined;
  #knocking = false;
  #leaving = false;
  #again = false;
  readonly #listeners = new Set<() => void>();

  constructor(session: string) {
    this.session = session;
    this.own.subscribe(() => {
      this.#hush();
      this.#sync();
    });
  }

  get state(): MeetingState {
    return this.#state;
  }
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks to come in. A call's keys go to the tab that leads: this one, from now on. */
  async enter(): Promise<void> {
    if (this.#state.phase !== "out") {
      this.#again = this.#leaving; // once they are out
      return;
    }
    this.#become({ phase: "entering", levels: new Map(), network: "unknown" });
    try {
      this.#release = await core().lead();
      await command("call.knock", { session: this.session });
    } catch (thrown) {
      this.#free();
      this.#become({ phase: "out", levels: new Map(), network: "unknown", problem: CoreError.of(thrown) });
      return;
    }
    if (this.#left()) {
      // They went away meanwhile.
      this.#free();
      return;
    }
    this.#become({ ...this.#state, phase: "entered" });
    this.#stops = [
      watch("call", { session: this.session }, (view) => {
        if (view !== undefined) this.#follow(view);
      }),
      onLive("signal", (event) => {
        if (event.call === this.#call?.id) this.#call.call.handle(event.signal as Signal);
      }),
    ];
    addEventListener("online", this.#reconnect);
    addEventListener("pagehide", this.#hide);
  }

  /** Asks again: after one was taken out. */
  async knock(): Promise<void> {
    await command("call.knock", { session: this.session });
  }

  /** Goes out: others see it at once, devices are closed, another tab may take the meeting. */
  async leave(): Promise<void> {
    const was = this.#state.phase;
    this.#again = false;
    this.#end();
    this.own.close();
    if (was === "out" || this.#leaving) return;
    this.#leaving = true;
    await Promise.race([this.#line, wait(LEAVE_WITHIN)]);
    await command("call.leave", { session: this.session }).catch(() => undefined);
    this.#free();
    this.#leaving = false;
    this.#become({ phase: "out", levels: new Map(), network: "unknown" });
    if (this.#again) {
      this.#again = false;
      void this.enter();
    }
  }

  #left(): boolean {
    return this.#state.phase !== "entering";
  }

  readonly #reconnect = (): void => this.#call?.call.reconnect();
  readonly #hide = (): void => {
    this.#end();
    void command("call.leave", { session: this.session }).catch(() => undefined);
  };

  #free(): void {
    for (const stop of this.#stops.splice(0)) stop();
    removeEventListener("online", this.#reconnect);
    removeEventListener("pagehide", this.#hide);
    this.#release?.();
    this.#release = undefined;
  }

  #follow(view: CallView): void {
    if (this.#state.phase !== "entered") return;
    if (view.state === "IN" && view.call !== "") {
      if (this.#call?.id !== view.call) this.#begin(view.call);
      return;
    }
    if (view.state !== "JOINING") this.#end();
    // The core began anew (another tab's, or after a failure) and knows nothing of us.
    if (view.state === "NONE" && !this.#knocking) {
      this.#knocking = true;
      this.knock()
        .catch(() => undefined)
        .finally(() => {
          this.#knocking = false;
        });
    }
  }

  #begin(id: string): void {
    this.#end();
    const made = new Call({ core: core().mediaPort(this.session), send: (signal) => this.#send(id, signal) });
    made.onState(() => {
      if (this.#call?.call === made) this.#become({ ...this.#state, call: made.state });
    });
    this.#call = { id, call: made, timer: setInterval(() => void this.#look(made), LOOK_EVERY) };
    this.#become({ ...this.#state, call: made.state });
    // With nothing to send, this alone brings us in, to see and hear.
    this.#send(id, { type: "candidate", pc: "subscribe", candidate: "" });
    this.#sync();
  }

  #end(): void {
    const running = this.#call;
    if (running === undefined) return;
    clearInterval(running.timer);
    running.call.close();
    this.#call = undefined;
    const { call: _, ...rest } = this.#state;
    this.#become({ ...rest, levels: new Map(), network: "unknown" });
  }

  /** Signals go out one after the other; what the network swallowed is said again. */
  #send(id: string, signal: Signal): void {
    this.#line = this.#line.then(async () => {
      for (;;) {
        try {
          await command("call.signal", { session: this.session, signal });
          return;
        } catch (thrown) {
          if (!PASSING.has(CoreError.of(thrown).code) || this.#call?.id !== id) return; // the call is over
          await wait(RETRY_AFTER);
        }
      }
    });
  }

  /** Sends what one has, and nothing else. */
  #sync(): void {
    const running = this.#call?.call;
    if (running === undefined) return;
    const { camera, microphone, screen } = this.own.state;
    const quiet = this.#silent?.out === true && this.#silent.track === microphone.track;
    const wanted: Record<Medium, MediaStreamTrack | undefined> = { camera: camera.track, audio: quiet ? undefined : microphone.track, screen };
    for (const medium of ["audio", "camera", "screen"] as const) {
      const track = wanted[medium];
      if (running.state.local[medium] === track) continue;
      (track === undefined ? running.unpublish(medium) : running.publish(medium, track)).catch(() => running.reconnect());
    }
  }

  #hush(): void {
    const { on, track } = this.own.state.microphone;
    if (track !== undefined && track === this.#silent?.track && !on) return;
    clearTimeout(this.#silent?.timer);
    this.#silent = undefined;
    if (track === undefined || on) return;
    const silent = {
      track,
      out: false,
      timer: setTimeout(() => {
        silent.out = true;
        this.#sync();
      }, SILENT_AFTER),
    };
    this.#silent = silent;
  }

  async #look(running: Call): Promise<void> {
    const stats = await running.stats();
    if (this.#call?.call !== running) return;
    const levels = new Map<number, number>();
    for (const { id, medium, leaf } of running.state.remote) {
      const level = stats.tracks.get(id)?.level;
      if (medium === "audio" && leaf !== undefined && level !== undefined && level > 0) levels.set(leaf, level);
    }
    this.#become({ ...this.#state, levels, network: networkOf(running.state, stats) });
  }

  #become(state: MeetingState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** From the lobby to the stage: the meeting goes on while the next screen is on its way. */
export function handOver(meeting: Meeting): void {
  setTimeout(hold(meeting), HAND_OVER);
}

function networkOf({ publishing, receiving }: CallState, { lost, roundTrip }: { lost: number; roundTrip?: number }): Network {
  if ([publishing, receiving].some((one) => one === "failed" || one === "disconnected")) return "lost";
  if (publishing !== "connected" && receiving !== "connected") return "unknown";
  return lost > 5 || (roundTrip ?? 0) > 400 ? "weak" : "good";
}

let present: { meeting: Meeting; holders: number; leaving?: ReturnType<typeof setTimeout> } | undefined;

/** The tab's meeting of a session; another session's ends. */
export function meetingOf(session: string): Meeting {
  if (present?.meeting.session !== session) {
    void present?.meeting.leave();
    present = { meeting: new Meeting(session), holders: 0 };
  }
  return present.meeting;
}

/** Keeps a meeting while a screen shows it; it ends a moment after the last has gone. */
export function hold(meeting: Meeting): () => void {
  const entry = present;
  if (entry?.meeting !== meeting) return () => undefined;
  clearTimeout(entry.leaving);
  entry.holders += 1;
  return () => {
    entry.holders -= 1;
    if (entry.holders === 0) entry.leaving = setTimeout(() => void meeting.leave(), LINGER);
  };
}
