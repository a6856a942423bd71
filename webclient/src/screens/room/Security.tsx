/** Who could read this and why, in plain words: no fingerprint, no padlock theatre. */
import type { ReactElement } from "react";
import type { RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Disclosure } from "../../ui/Disclosure";
import { When } from "../../ui/When";
import { tellItems } from "./told";
import style from "./Security.module.css";

const CHANGES: ReadonlySet<string> = new Set(["JOINED", "LEFT", "CONSENT_WITHDRAWN", "KEYS_CHANGED"]);

/** How many of the latest changes are told. */
const MOST = 8;

export function Security({ room }: { room: RoomView }): ReactElement {
  const changes = room.items.filter((item) => CHANGES.has(item.kind)).slice(-MOST);
  return (
    <Disclosure title={m.who_security()} level={2}>
      <div className={style["security"]}>
        <p>{m.who_security_who({ count: room.audience.members.length })}</p>
        <p>{m.who_security_change()}</p>
        <p>{m.who_security_device()}</p>
        <p>{m.who_security_verify()}</p>
        <h3 className={style["title"]}>{m.who_changes()}</h3>
        {changes.length === 0 ? (
          <p>{m.who_changes_none()}</p>
        ) : (
          <ul className={style["changes"]}>
            {changes.toReversed().map((item) => (
              <li key={item.id}>
                {tellItems([item]).text} · <When at={item.at} short />
              </li>
            ))}
          </ul>
        )}
      </div>
    </Disclosure>
  );
}
