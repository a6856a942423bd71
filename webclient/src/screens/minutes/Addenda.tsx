/** Corrections of sealed minutes: they stand beside them, signed, and change nothing. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ItemView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { ErrorLine } from "../../ui/States";
import { TextArea } from "../../ui/TextField";
import style from "./Minutes.module.css";
import { Dated } from "./Signatures";

export function Addenda({ item }: { item: ItemView }): ReactElement | null {
  const { addenda } = item.minutes;
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const action = useAction(async () => {
    await call("minutes.addendum", { room: item.room, text: text.trim() });
    setText("");
    setOpen(false);
  });
  if (addenda.length === 0 && !item.can.addendum) return null;
  return (
    <section className={style["part"]}>
      <h2 className={style["partTitle"]}>{m.minutes_addenda()}</h2>
      {addenda.map((one) => (
        <article key={`${one.by} ${String(one.at)}`} className={style["addendum"]}>
          <p className={style["prose"]}>{one.text}</p>
          <p className={style["note"]}>
            {one.by} · {m.minutes_signed_at()} <Dated at={one.at} />
          </p>
        </article>
      ))}
      {item.can.addendum && !open && (
        <div className={style["acts"]}>
          <Button small onPress={() => setOpen(true)}>
            {m.minutes_addendum_write()}
          </Button>
        </div>
      )}
      {open && (
        <div className={style["form"]}>
          <TextArea label={m.minutes_addendum()} hint={m.minutes_addendum_hint()} rows={3} value={text} onChange={setText} />
          <div className={style["acts"]}>
            <Button variant="primary" busy={action.busy} isDisabled={text.trim() === ""} onPress={() => void action.run()}>
              {m.minutes_addendum_sign()}
            </Button>
            <Button variant="quiet" onPress={() => setOpen(false)}>
              {m.ui_cancel()}
            </Button>
          </div>
          {action.error !== undefined && <ErrorLine error={action.error} />}
        </div>
      )}
    </section>
  );
}
