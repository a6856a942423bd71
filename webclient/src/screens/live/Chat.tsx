/** What is written during an item: the item's own room, so that it is still there afterwards. */
import { useEffect, useRef, type ReactElement } from "react";
import { call } from "../../core/client";
import type { RoomItem, RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { whenShort } from "../../ui/when";
import { useNow } from "../../ui/When";
import { Composer } from "../room/Composer";
import style from "./Panels.module.css";

export const said = (room: RoomView): RoomItem[] => room.items.filter((one) => one.kind === "MESSAGE");
export const unreadIn = (room: RoomView): number => said(room).filter((one) => !one.mine && one.seq > room.read_to).length;

export function Chat({ room }: { room: RoomView }): ReactElement {
  const list = useRef<HTMLOListElement>(null);
  const now = useNow();
  const messages = said(room);
  const newest = room.items.at(-1)?.seq ?? 0;
  const count = messages.length;
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
  }, [count]);
  useEffect(() => {
    if (newest > room.read_to && document.visibilityState === "visible") void call("room.read", { room: room.room, seq: newest }).catch(() => undefined);
  }, [newest, room.read_to, room.room]);
  return (
    <div className={style["chat"]}>
      {count === 0 ? (
        <p className={style["none"]}>{m.live_chat_none()}</p>
      ) : (
        <ol ref={list} className={style["messages"]} aria-label={m.live_chat()} aria-live="polite">
          {messages.map((one) => (
            <li key={one.id} className={style["message"]}>
              <Avatar name={one.name} id={one.by} size="s" />
              <div>
                <p className={style["note"]}>
                  {one.mine ? m.member_me() : one.name} · {whenShort(one.at, now)}
                </p>
                <p className={style["text"]}>{one.retracted ? m.live_chat_retracted() : one.text}</p>
              </div>
            </li>
          ))}
        </ol>
      )}
      {room.can.write && <Composer room={room} mode={{ kind: "new" }} onDone={() => undefined} onEditLast={() => undefined} />}
    </div>
  );
}
