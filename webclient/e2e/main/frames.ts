/** Frames that a browser has decoded, as its own WebRTC statistics say. */
import type { BrowserContext, Locator } from "playwright-core";

declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var connections: RTCPeerConnection[] | undefined;
}

/** Keeps the connections of every page to come within reach of `decoded`. */
export async function countFrames(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const kept: RTCPeerConnection[] = [];
    globalThis.connections = kept;
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        kept.push(this);
      }
    };
  });
}

/** How many frames of what a video element shows have been received, decrypted and decoded: `framesDecoded`. */
export function decoded(video: Locator): Promise<number> {
  return video.evaluate(async (element) => {
    const [track] = ((element as HTMLVideoElement).srcObject as MediaStream | null)?.getVideoTracks() ?? [];
    let frames = 0;
    for (const connection of globalThis.connections ?? []) {
      if (connection.connectionState === "closed") continue;
      const report = await connection.getStats();
      report.forEach((entry: { type: string; trackIdentifier?: string; framesDecoded?: number }) => {
        if (entry.type === "inbound-rtp" && entry.trackIdentifier === track?.id) frames += entry.framesDecoded ?? 0;
      });
    }
    return frames;
  });
}
