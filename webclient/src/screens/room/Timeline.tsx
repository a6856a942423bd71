/** The conversation, day by day. */
import { useMemo, useRef, useState, type ReactElement } from "react";
import type { RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { IconItem } from "../../ui/icons";
import { EmptyState } from "../../ui/States";
import { Announce } from "../../ui/VisuallyHidden";
import { useNow } from "../../ui/When";
import { civilDate, dayWords } from "../../ui/when";
import { sayAll } from "../../words/lists";
import { IconToEnd } from "./icons";
import type { MessageActs } from "./acts";
import { Message } from "./Message";
import { countAfter, isSaid, linesOf, newestSeq, type Line } from "./timeline";
import style from "./Timeline.module.css";
import { ToldLine } from "./ToldLine";
import { useReading } from "./useReading";

export interface TimelineProps {
  room: RoomView;
  acts: MessageActs;
  /** The message that somebody looks for. */
  sought: string | undefined;
}

export function Timeline({ room, acts, sought }: TimelineProps): ReactElement {
  const list = useRef<HTMLDivElement>(null);
  // The line stays where it was when one came, however much one reads meanwhile.
  const [unreadAfter] = useState(room.read_to);
  const lines = useMemo(() => linesOf(room.items, unreadAfter), [room.items, unreadAfter]);
  const { behind, toEnd, older } = useReading(room, list, "unread");
  const today = civilDate(useNow());
  const me = room.audience.members.find((one) => one.me)?.user;
  const people = room.audience.members;
  const below = behind ? countAfter(room.items, Math.max(room.read_to, unreadAfter)) : 0;
  return (
    <div className={style["timeline"]} ref={list}>
      {room.more && (
        <span className={style["older"]}>
          <Button variant="quiet" small onPress={older}>
            {m.room_older()}
          </Button>
        </span>
      )}
      {room.items.length === 0 && room.state === "READY" && (
        <EmptyState icon={<IconItem size={28} />} title={m.room_empty()}>
          {m.room_empty_do()}
        </EmptyState>
      )}
      {/* Safari forgets that a list without bullets is a list. */}
      {/* oxlint-disable-next-line jsx-a11y/no-redundant-roles */}
      <ol role="list" className={style["list"]} aria-label={m.room_log()}>
        {lines.map((line) => (
          <Drawn key={line.key} line={line} today={today} people={people} me={me} mayWrite={room.can.write} sought={sought} acts={acts} />
        ))}
      </ol>
      <p className={style["typing"]} aria-live="polite">
        {room.typing.length > 0 && m.room_typing({ count: room.typing.length, names: sayAll(room.typing) })}
      </p>
      {behind && (
        <span className={style["toEnd"]}>
          <Button small icon={<IconToEnd size={18} />} onPress={toEnd}>
            {below > 0 ? m.room_new_below({ count: below }) : m.room_to_end()}
          </Button>
        </span>
      )}
      <Arrivals room={room} />
    </div>
  );
}

interface DrawnProps {
  line: Line;
  today: string;
  people: RoomView["audience"]["members"];
  me: string | undefined;
  mayWrite: boolean;
  sought: string | undefined;
  acts: MessageActs;
}

function Drawn({ line, today, people, me, mayWrite, sought, acts }: DrawnProps): ReactElement {
  switch (line.kind) {
    case "day":
      return (
        <li className={style["day"]}>
          <span>{dayWords(line.date, today)}</span>
        </li>
      );
    case "unread":
      return (
        <li className={style["unread"]} id="unread">
          {m.room_unread_from_here()}
        </li>
      );
    case "told":
      return <ToldLine items={line.items} />;
    default:
      return (
        <Message
          item={line.item}
          first={line.first}
          people={people}
          me={me}
          others={people.length - 1}
          mayWrite={mayWrite}
          sought={sought === line.item.id}
          acts={acts}
        />
      );
  }
}

/** Reads aloud what comes while one is here, and nothing that was there before. */
function Arrivals({ room }: { room: RoomView }): ReactElement {
  const [from] = useState(() => newestSeq(room.items));
  const last = room.items.findLast((item) => isSaid(item) && !item.mine && item.seq > from && !item.retracted);
  return <Announce>{last !== undefined && m.room_arrived({ name: last.name, text: last.text ?? last.document?.name ?? "" })}</Announce>;
}
