/** What passes between the page, the media Worker, and each transform. */
import type { Medium, Refusal } from "./frames";

/** The options of an RTCRtpScriptTransform. */
export interface TransformOptions {
  /** The page's name for the transform. */
  readonly id: string;
  readonly direction: "send" | "receive";
  readonly medium: Medium;
}

/** From the page to the media Worker. */
export type ToMedia =
  /** The port to the core's Worker, for keys and contexts. */
  | { t: "core"; port: MessagePort }
  /** A received track carries something else now: say again whose frames come. */
  | { t: "fresh"; id: string }
  /** The call is over: forget the keys. */
  | { t: "clear" };

/** Counters of one transform since it began. */
export interface TransformStats {
  readonly id: string;
  readonly direction: "send" | "receive";
  readonly medium: Medium;
  /** Frames encrypted, or decrypted and handed to the decoder. */
  readonly frames: number;
  /** Frames that were not shown or not sent, by reason. */
  readonly refused: Readonly<Record<Refusal, number>>;
  /** Whose frames came last: the leaf index in the KID. */
  readonly leaf?: number;
}

/** From the media Worker to the page. */
export type FromMedia =
  | { t: "stats"; transforms: TransformStats[] }
  | { t: "epoch"; epoch: number }
  /** Another leaf speaks through a received track: the name on its tile. */
  | { t: "source"; id: string; leaf: number }
  /** A received track needs a key frame, and the transform cannot ask for it by itself. */
  | { t: "keyframe"; id: string }
  /** No context could be had: the transform sends nothing. */
  | { t: "mute"; id: string; code: string };
