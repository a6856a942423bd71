/** One person on screen: their picture, or their face until there is one; never a black square. */
import { useEffect, useRef, useState, type ReactElement, type ReactNode } from "react";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { VisuallyHidden } from "../../ui/VisuallyHidden";
import { roleName } from "../../words/roles";
import { IconEncrypted, IconHand, IconMicrophoneOff } from "./icons";
import style from "./Live.module.css";
import type { TileModel } from "./people";

/** Shows a track once it has a picture. */
export function Picture({ track, mirrored = false, whole = false, label, onShown }: { track: MediaStreamTrack; mirrored?: boolean; whole?: boolean; label?: string; onShown?: (shown: boolean) => void }): ReactElement {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    element.srcObject = new MediaStream([track]);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    // A live picture has no caption file.
    // oxlint-disable-next-line jsx-a11y/media-has-caption
    <video
      ref={video}
      autoPlay
      muted
      playsInline
      className={style["video"]}
      data-mirrored={mirrored ? "" : undefined}
      data-whole={whole ? "" : undefined}
      {...(label === undefined ? { "aria-hidden": true } : { "aria-label": label })}
      onLoadedData={() => onShown?.(true)}
      onEmptied={() => onShown?.(false)}
    />
  );
}

export interface FaceProps {
  name: string;
  user: string;
  /** Under the name. */
  detail?: string;
  track?: MediaStreamTrack | undefined;
  mirrored?: boolean;
  speaking?: boolean;
  silent?: boolean;
  hand?: number;
  /** Why there is no picture, when there should be one. */
  remark?: ReactNode;
  large?: boolean;
}

export function Face({ name, user, detail, track, mirrored = false, speaking = false, silent = false, hand = 0, remark, large = false }: FaceProps): ReactElement {
  const [shown, setShown] = useState(false);
  const covered = track === undefined || !shown || remark !== undefined;
  return (
    <figure className={style["tile"]} aria-label={name} data-speaking={speaking ? "" : undefined} data-large={large ? "" : undefined}>
      {track !== undefined && <Picture track={track} mirrored={mirrored} onShown={setShown} />}
      {covered && (
        <div className={style["cover"]}>
          <span className={style["coverFace"]}>
            <Avatar name={name} id={user} size="xl" />
          </span>
          {remark !== undefined && <p className={style["remark"]}>{remark}</p>}
        </div>
      )}
      {hand > 0 && (
        <span className={style["hand"]}>
          <IconHand size={18} aria-hidden />
          <span aria-hidden>{hand}</span>
          <VisuallyHidden>{m.live_hand_place({ place: hand })}</VisuallyHidden>
        </span>
      )}
      <figcaption className={style["name"]}>
        {silent && (
          <span className={style["silent"]}>
            <IconMicrophoneOff size={16} aria-hidden />
            <VisuallyHidden>{m.live_silent()}</VisuallyHidden>
          </span>
        )}
        <span className={style["nameWords"]}>
          {name}
          {detail !== undefined && <span className={style["role"]}> · {detail}</span>}
        </span>
      </figcaption>
    </figure>
  );
}

/** Somebody else. */
export function RemoteFace({ tile, speaking, large = false }: { tile: TileModel; speaking: boolean; large?: boolean }): ReactElement {
  const { person, camera, unreadable, awaited, microphone, hand } = tile;
  const remark = unreadable ? (
    <>
      <IconEncrypted size={18} aria-hidden /> {m.live_unreadable()}
    </>
  ) : awaited ? (
    m.live_picture_coming()
  ) : undefined;
  return (
    <Face
      name={person.name}
      user={person.user}
      detail={roleName(person.role)}
      track={camera?.track}
      speaking={speaking}
      silent={!microphone}
      hand={hand}
      large={large}
      {...(remark !== undefined && { remark })}
    />
  );
}

/** Somebody's voice; the loudspeaker is the one chosen in the lobby. */
export function Voice({ track, speaker }: { track: MediaStreamTrack; speaker: string | undefined }): ReactElement {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (element === null) return undefined;
    element.srcObject = new MediaStream([track]);
    void element.play().catch(() => undefined); // waits for a first touch, as the browser demands
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  useEffect(() => {
    const element = audio.current;
    if (element === null || speaker === undefined || !("setSinkId" in element)) return;
    void element.setSinkId(speaker).catch(() => undefined); // unplugged: the usual one
  }, [speaker]);
  return (
    // oxlint-disable-next-line jsx-a11y/media-has-caption
    <audio ref={audio} autoPlay />
  );
}
