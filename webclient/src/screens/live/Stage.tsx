/** The faces, a shared screen, and the voices. */
import { useEffect, useState, type ReactElement } from "react";
import type { CallView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { IconShareStop } from "./icons";
import style from "./Live.module.css";
import { columnsFor, screenOf, tilesOf, unreadableCount, type TileModel } from "./people";
import { Face, Picture, RemoteFace, Voice } from "./Tile";
import type { InMeeting } from "./useMeeting";

/** Louder than this is speech. */
const SPEECH = 0.02;

/** Who spoke last, and loudest: one does not jump away at every cough. */
function useSpeaker(levels: ReadonlyMap<number, number>): number | undefined {
  const [speaker, setSpeaker] = useState<number>();
  useEffect(() => {
    const [loudest] = [...levels].toSorted((a, b) => b[1] - a[1]);
    // oxlint-disable-next-line react/set-state-in-effect -- a memory of what passes
    if (loudest !== undefined && loudest[1] > SPEECH) setSpeaker(loudest[0]);
  }, [levels]);
  return speaker;
}

function useShape(): [(element: HTMLElement | null) => void, number] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [shape, setShape] = useState(1.6);
  useEffect(() => {
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry?.contentRect ?? { width: 0, height: 0 };
      if (width > 0 && height > 0) setShape(Math.round((width / height) * 20) / 20);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, shape];
}

export function Stage({ view, inMeeting, focus }: { view: CallView; inMeeting: InMeeting; focus: boolean }): ReactElement {
  const { state, own, meeting } = inMeeting;
  const { call, levels } = state;
  const speaker = useSpeaker(levels);
  const [ref, shape] = useShape();
  const tiles = tilesOf(view, call);
  const me = tiles.find((one) => one.person.me);
  const others = tiles.filter((one) => !one.person.me);
  const screen = screenOf(view, call);
  const unreadable = unreadableCount(call);
  const voices = (call?.remote ?? []).filter((one) => one.medium === "audio");
  const large = focus ? (others.find((one) => one.person.leaf === speaker) ?? others[0]) : undefined;
  const sharing = own.screen !== undefined;
  const spotlight = screen !== undefined || sharing || large !== undefined;
  const rest = large === undefined || screen !== undefined || sharing ? others : others.filter((one) => one !== large);
  const count = rest.length + (me === undefined ? 0 : 1);
  const speaks = (tile: TileModel): boolean => (levels.get(tile.person.leaf) ?? 0) > SPEECH;

  return (
    <div className={style["stage"]}>
      {unreadable > 0 && (
        <p className={style["remarkLine"]} role="status">
          {m.live_unreadable_count({ count: unreadable })}
        </p>
      )}
      <div className={style["faces"]} data-spotlight={spotlight ? "" : undefined}>
        {screen !== undefined && (
          <figure className={style["shared"]} aria-label={m.live_screen_of({ name: screen.person.name })}>
            <Picture track={screen.track.track} whole />
            <figcaption className={style["name"]}>{m.live_screen_of({ name: screen.person.name })}</figcaption>
          </figure>
        )}
        {screen === undefined && own.screen !== undefined && (
          <figure className={style["shared"]} aria-label={m.live_screen_mine()}>
            <Picture track={own.screen} whole />
            <figcaption className={style["sharing"]}>
              {m.live_screen_mine()}
              <Button small icon={<IconShareStop size={18} />} onPress={() => meeting.own.unshare()}>
                {m.live_share_stop()}
              </Button>
            </figcaption>
          </figure>
        )}
        {large !== undefined && screen === undefined && !sharing && (
          <div className={style["spot"]}>
            <RemoteFace tile={large} speaking={speaks(large)} large />
          </div>
        )}
        <ul
          ref={ref}
          // Beside a screen the faces scroll, by keyboard too.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={spotlight ? 0 : undefined}
          className={style["grid"]}
          aria-label={m.live_faces()}
          style={{ ["--columns" as string]: String(spotlight ? 1 : columnsFor(count, shape)), ["--count" as string]: String(count) }}
        >
          {rest.map((tile) => (
            <li key={tile.person.device}>
              <RemoteFace tile={tile} speaking={speaks(tile)} />
            </li>
          ))}
          {me !== undefined && (
            <li key={me.person.device}>
              <Face
                name={me.person.name}
                user={me.person.user}
                detail={m.member_me()}
                track={own.camera.track}
                mirrored
                silent={own.microphone.track === undefined || !own.microphone.on}
                hand={me.hand}
              />
            </li>
          )}
        </ul>
      </div>
      {voices.map((voice) => (
        <Voice key={voice.track.id} track={voice.track} speaker={own.choice.speaker} />
      ))}
    </div>
  );
}
