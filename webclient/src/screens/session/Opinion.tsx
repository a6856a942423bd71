/** Opinions in writing on an item, before it is discussed. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ItemView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Button, SendButton } from "../../ui/Button";
import { ErrorLine } from "../../ui/States";
import { TextArea } from "../../ui/TextField";
import { When } from "../../ui/When";
import { roleName } from "../../words/roles";
import style from "./Session.module.css";

/** `before` the item is discussed: from then on one says it aloud, or takes a position. */
export function Opinions({ item, before, asked }: { item: ItemView; before: boolean; asked: boolean }): ReactElement {
  const [writing, setWriting] = useState(asked);
  const [text, setText] = useState("");
  const action = useAction(async () => {
    await call("rcp.opinion", { room: item.room, text: text.trim() });
    setText("");
    setWriting(false);
  });
  const may = item.can.opinion && before;
  return (
    <div className={style["opinions"]}>
      {item.opinions.length > 0 && (
        <ul className={style["opinionList"]} aria-label={m.session_opinions()}>
          {item.opinions.map((one) => (
            <li key={`${one.by} ${String(one.at)}`} className={style["opinion"]}>
              <Avatar name={one.name} id={one.by} size="s" />
              <div>
                <p className={style["note"]}>
                  {one.name}, {roleName(one.role)} · <When at={one.at} />
                </p>
                <p className={style["said"]}>{one.text}</p>
              </div>
            </li>
          ))}
        </ul>
      )}
      {may && !writing && (
        <Button small onPress={() => setWriting(true)}>
          {m.session_opinion_write()}
        </Button>
      )}
      {may && writing && (
        <div data-audience="ITEM" className={style["opinionForm"]}>
          <TextArea label={m.session_opinion()} hint={m.session_opinion_hint()} rows={3} value={text} onChange={setText} />
          <div className={style["answers"]}>
            <SendButton audience="ITEM" people={item.audience.members.length} isDisabled={text.trim() === ""} busy={action.busy} onPress={() => void action.run()} />
            <Button variant="quiet" onPress={() => setWriting(false)}>
              {m.session_opinion_later()}
            </Button>
          </div>
          {action.error !== undefined && <ErrorLine error={action.error} />}
        </div>
      )}
    </div>
  );
}
