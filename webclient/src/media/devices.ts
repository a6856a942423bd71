/** Cameras, microphones and loudspeakers: choice, opening, level. */

export interface Devices {
  readonly cameras: readonly MediaDeviceInfo[];
  readonly microphones: readonly MediaDeviceInfo[];
  readonly speakers: readonly MediaDeviceInfo[];
}

/** Why a device could not be opened; the lobby has words for each. */
export type DeviceProblem = "refused" | "none" | "busy" | "unavailable";

export class DeviceError extends Error {
  readonly problem: DeviceProblem;
  constructor(problem: DeviceProblem) {
    super(problem);
    this.name = "DeviceError";
    this.problem = problem;
  }
}

/** What there is. Names are empty until a permission has been given. */
export async function listDevices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => all.filter((d) => d.kind === kind && d.deviceId !== "communications");
  return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** Calls `listener` when a device comes or goes. */
export function onDevices(listener: () => void): () => void {
  navigator.mediaDevices.addEventListener("devicechange", listener);
  return () => navigator.mediaDevices.removeEventListener("devicechange", listener);
}

/** A camera's track; without an id, the one the system prefers. */
export function openCamera(deviceId?: string): Promise<MediaStreamTrack> {
  return open({
    video: { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 25 }, ...choose(deviceId) },
  });
}

export function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  return open({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...choose(deviceId) } });
}

/** A screen, window or tab that the person picks. */
export async function openScreen(): Promise<MediaStreamTrack> {
  return first(() => navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 10, max: 15 } }, audio: false }));
}

const choose = (deviceId: string | undefined): MediaTrackConstraints => (deviceId === undefined ? {} : { deviceId: { exact: deviceId } });

const open = (constraints: MediaStreamConstraints): Promise<MediaStreamTrack> => first(() => navigator.mediaDevices.getUserMedia(constraints));

async function first(get: () => Promise<MediaStream>): Promise<MediaStreamTrack> {
  let stream: MediaStream;
  try {
    stream = await get();
  } catch (error) {
    throw new DeviceError(problemOf(error));
  }
  const [track] = stream.getTracks();
  if (track === undefined) throw new DeviceError("none");
  return track;
}

function problemOf(error: unknown): DeviceProblem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "unavailable";
}

/** Tells the loudness of a track, 0 to 1, about fifteen times a second, until the returned function is called. */
export function meter(track: MediaStreamTrack, tell: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    // −60 dB is silence, 0 dB full.
    tell(Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-9)) / 60)));
  }, 66);
  return () => {
    clearInterval(timer);
    source.disconnect();
    void context.close();
  };
}
