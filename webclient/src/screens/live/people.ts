/** Who is on screen, and what of them: names come from the roster by leaf index, never from signalling. */
import type { CallPerson, CallView, SessionItem, SessionPerson, SessionView } from "../../core/types.gen";
import type { CallState } from "../../media/call";
import type { RemoteTrack } from "../../media/wiring";

export interface TileModel {
  readonly person: CallPerson;
  /** Their camera, when its frames say that it is theirs. */
  readonly camera?: RemoteTrack;
  /** Frames come that cannot be decrypted. */
  readonly unreadable: boolean;
  /** Their camera is announced, and not seen yet. */
  readonly awaited: boolean;
  readonly microphone: boolean;
  /** Place in the queue of raised hands, from 1; 0 when not raised. */
  readonly hand: number;
}

export function tilesOf(view: CallView, state: CallState | undefined): TileModel[] {
  return view.roster.map((person) => {
    const remote = state?.remote ?? [];
    const camera = remote.find((one) => one.medium === "camera" && one.leaf === person.leaf);
    // Signalling says at most that something comes from a device.
    const hinted = remote.find((one) => one.medium === "camera" && one.leaf === undefined && one.peer === person.peer);
    const announced = (medium: string): boolean => state?.announced.some((one) => one.peer === person.peer && one.medium === medium) ?? false;
    return {
      person,
      ...(camera !== undefined && { camera }),
      unreadable: camera?.unreadable ?? hinted?.unreadable ?? false,
      awaited: camera === undefined && announced("camera"),
      microphone: announced("audio"),
      hand: view.hands.indexOf(person.user) + 1,
    };
  });
}

/** A screen that somebody of the roster shows. */
export function screenOf(view: CallView, state: CallState | undefined): { person: CallPerson; track: RemoteTrack } | undefined {
  for (const track of state?.remote ?? []) {
    if (track.medium !== "screen" || track.leaf === undefined) continue;
    const person = view.roster.find((one) => one.leaf === track.leaf);
    if (person !== undefined) return { person, track };
  }
  return undefined;
}

/** Cameras, screens and voices that cannot be decrypted yet. */
export const unreadableCount = (state: CallState | undefined): number => state?.remote.filter((one) => one.unreadable).length ?? 0;

/** How many columns show so many faces (4:3 at least) largest, in a place of that shape (width by height). */
export function columnsFor(count: number, shape: number): number {
  let best = { columns: 1, size: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const width = Math.min(shape / columns, (1 / rows) * (4 / 3));
    // Beside each other rather than above each other, when it is nearly the same.
    if (width > best.size * 0.95) best = { columns, size: width };
  }
  return best.columns;
}

export const runningItem = (session: SessionView): SessionItem | undefined => session.items.find((one) => one.status === "RUNNING");
export const nextItem = (session: SessionView): SessionItem | undefined => session.items.find((one) => one.status === "WAITING");

export interface Presence {
  readonly inside: SessionPerson[];
  /** In the lobby; the chair can let them in. */
  readonly waiting: SessionPerson[];
  readonly others: SessionPerson[];
}

export function presenceOf(session: SessionView): Presence {
  const of = (...lobby: string[]): SessionPerson[] => session.participants.filter((one) => lobby.includes(one.lobby));
  return { inside: of("IN_CALL"), waiting: of("WAITING"), others: of("", "ADMITTED") };
}

/** Whom "let all in" lets in: those who wait and are invited to what runs or comes next. */
export function admissible(session: SessionView): SessionPerson[] {
  const item = runningItem(session) ?? nextItem(session);
  return presenceOf(session).waiting.filter((one) => one.user !== session.me.user && (item?.invited.includes(one.user) ?? false));
}
