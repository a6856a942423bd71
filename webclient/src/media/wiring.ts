/** What both connections of a call share: how they are wired to it, and what they show. */
import type { Medium } from "./frames";
import type { TransformOptions } from "./messages";
import type { Signal } from "./signal";

/** A track of somebody else, as it is on screen. */
export interface RemoteTrack {
  /** The node's name for it. */
  readonly id: string;
  /** The node's word for who publishes it: a hint until `leaf` says it. */
  readonly peer: string;
  readonly medium: Medium;
  readonly track: MediaStreamTrack;
  /** Who it is, by what its frames authenticate; undefined until one decrypts. */
  readonly leaf?: number;
  /** Frames come, but none of them can be decrypted. */
  readonly unreadable: boolean;
}

/** What publishing and subscribing need of the call. */
export interface Wiring {
  send(signal: Signal): void;
  /** A transform for one track, in the media Worker. */
  transform(options: Omit<TransformOptions, "id">): { id: string; transform: RTCRtpScriptTransform };
  /** A received track carries something else now. */
  fresh(id: string): void;
  changed(): void;
}

export const CONFIGURATION: RTCConfiguration = { bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" };
