/** Signals between a client and the forwarding unit; Go package `media` documents them. */
import type { Medium } from "./frames";

export interface SignalTrack {
  /** Media section of the connection that the signal is about. */
  readonly mid?: string;
  /** The node's name for the track. */
  readonly id?: string;
  /** Who publishes it. */
  readonly peer?: string;
  readonly medium?: Medium;
}

export type SignalType =
  | "publish.offer"
  | "publish.answer"
  | "subscribe.offer"
  | "subscribe.answer"
  | "candidate"
  | "restart"
  | "tracks"
  | "keyframe"
  | "left";

export interface Signal {
  readonly type: SignalType;
  readonly pc?: "publish" | "subscribe";
  readonly sdp?: string;
  readonly candidate?: string;
  readonly tracks?: readonly SignalTrack[];
  readonly peer?: string;
}

/** The session id of a description: another one is another connection of the node. */
export const originOf = (sdp: string): string => /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? "";
