/** Who has signed, who is awaited, who was there and did not sign; and signing. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ItemView, MinutesView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { FormDialog } from "../../ui/Dialog";
import { IconDone, IconWarning } from "../../ui/icons";
import { Notice } from "../../ui/States";
import { toastDone } from "../../ui/Toast";
import { timeOfDay } from "../../ui/when";
import { sayAll } from "../../words/lists";
import { positionName, positionTone } from "../../words/rcp";
import { roleName } from "../../words/roles";
import { IconSign } from "./icons";
import style from "./Minutes.module.css";
import { PositionChoice, usePosition } from "./Positions";

export function Signatures({ minutes }: { minutes: MinutesView }): ReactElement {
  return (
    <div className={style["part"]}>
      <ul className={style["positions"]}>
        {minutes.signatures.map((one) => (
          <li key={one.user} className={style["position"]}>
            <Avatar name={one.name} id={one.user} size="s" />
            <div className={style["positionWords"]}>
              <p>
                <IconDone size={18} aria-hidden className={style["signed"]} /> <strong>{one.name}</strong>
                <span className={style["note"]}>
                  {" "}
                  · {roleName(one.role)} · {m.minutes_signed_at()} <Dated at={one.at} />
                </span>
              </p>
              {one.position !== undefined && (
                <p>
                  <Chip tone={positionTone(one.position)}>{positionName(one.position)}</Chip>
                </p>
              )}
              {one.text !== undefined && one.text !== "" && <p className={style["said"]}>{one.text}</p>}
            </div>
          </li>
        ))}
        {minutes.awaited.map((one) => (
          <li key={one.user} className={style["position"]}>
            <span className={style["dim"]}>
              <Avatar name={one.name} id={one.user} size="s" />
            </span>
            <p>
              {one.name}
              <span className={style["note"]}> · {m.minutes_awaited()}</span>
            </p>
          </li>
        ))}
      </ul>
      {minutes.present_not_signed.length > 0 && minutes.state === "SEALED" && (
        <p className={style["note"]}>{m.minutes_present_not_signed({ count: minutes.present_not_signed.length, names: sayAll(minutes.present_not_signed) })}</p>
      )}
    </div>
  );
}

/** Signs what stands on the screen: were it to change meanwhile, nothing would be signed. */
export function Sign({ item, me, shown }: { item: ItemView; me: string; shown: string }): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="primary" icon={<IconSign size={20} />} onPress={() => setOpen(true)}>
        {m.minutes_sign()}
      </Button>
      {open && <SignDialog item={item} me={me} digest={shown} onClose={() => setOpen(false)} />}
    </>
  );
}

function SignDialog({ item, me, digest, onClose }: { item: ItemView; me: string; digest: string; onClose: () => void }): ReactElement {
  // What was on screen when the dialog opened is what is signed.
  const [signed] = useState(digest);
  const changed = item.minutes.digest !== signed;
  const recorded = item.minutes.content?.positions.find((one) => one.user === me) ?? item.positions.find((one) => one.by === me);
  const votes = recorded !== undefined || item.can.position;
  const choice = usePosition(recorded);
  const action = useAction(async () => {
    await call("minutes.sign", {
      room: item.room,
      digest: signed,
      ...(votes && choice.position !== undefined && { position: choice.position }),
      ...(choice.text !== "" && { text: choice.text }),
    });
    onClose();
    toastDone(m.minutes_sign_done());
  });
  return (
    <FormDialog
      onClose={onClose}
      title={m.minutes_sign_title()}
      act={m.minutes_sign()}
      icon={<IconSign size={20} />}
      busy={action.busy}
      isDisabled={changed}
      onAct={() => {
        if (!votes || choice.check()) void action.run();
      }}
      error={action.error}
    >
      {changed && (
        <Notice tone="harm" icon={<IconWarning size={20} />}>
          {m.minutes_sign_changed()}
        </Notice>
      )}
      <p>{m.minutes_sign_effect()}</p>
      {votes && <PositionChoice choice={choice} />}
      <p className={style["note"]}>
        {m.minutes_digest()} <Digest digest={signed} />
      </p>
    </FormDialog>
  );
}

/** A digest in groups that can be compared by voice; the whole of it on paper. */
export function Digest({ digest }: { digest: string }): ReactElement {
  const groups = digest.match(/.{1,4}/g) ?? [];
  return (
    <code className={style["digest"]}>
      {groups.slice(0, 8).join(" ")}
      {groups.length > 8 && (
        <>
          <span className={style["noPrint"]}>…</span>
          <span className={style["onPaper"]}> {groups.slice(8).join(" ")}</span>
        </>
      )}
    </code>
  );
}

/** A moment as a document says it: the date, never "yesterday". */
export function Dated({ at }: { at: number }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const day = new Intl.DateTimeFormat(languageTag(locale), { dateStyle: "long" }).format(at);
  return <time dateTime={new Date(at).toISOString()}>{m.when_at({ day, time: timeOfDay(at) })}</time>;
}
