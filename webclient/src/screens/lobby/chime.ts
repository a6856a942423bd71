/** Two notes, to hear which loudspeaker is chosen. */

const NOTES = [523.25, 659.25]; // C5, E5, in hertz
const EACH = 0.35; // seconds

/** Plays them on a loudspeaker; the usual one when it is not to be had. */
export async function chime(speaker: string | undefined): Promise<void> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  NOTES.forEach((frequency, i) => {
    const [note, volume] = [context.createOscillator(), context.createGain()];
    const from = context.currentTime + i * EACH;
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.2, from + 0.03);
    volume.gain.linearRampToValueAtTime(0, from + EACH);
    note.connect(volume).connect(out);
    note.start(from);
    note.stop(from + EACH);
  });
  const audio = new Audio();
  audio.srcObject = out.stream;
  if (speaker !== undefined && "setSinkId" in audio) await audio.setSinkId(speaker).catch(() => undefined);
  await audio.play().catch(() => undefined);
  setTimeout(() => void context.close(), NOTES.length * EACH * 1000 + 500);
}
