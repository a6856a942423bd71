/** One item of the agenda, as far as the reader may know it. */
import type { ReactElement } from "react";
import { to } from "../../app/routes";
import { useView } from "../../core/hooks";
import type { SessionItem, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { Chip } from "../../ui/Badge";
import { Disclosure } from "../../ui/Disclosure";
import { PersonsWords } from "../../ui/PersonsWords";
import { ErrorLine } from "../../ui/States";
import { sayAll } from "../../words/lists";
import { itemStatusName, itemTone, minutesStateName, minutesTone } from "../../words/rcp";
import { IconLock, IconMinutes } from "./icons";
import { Opinions } from "./Opinion";
import style from "./Session.module.css";

export function Item({ session, item }: { session: SessionView; item: SessionItem }): ReactElement {
  const invited = session.participants.filter((one) => item.invited.includes(one.user));
  const people = invited.map((one) => ({ name: one.name, user: one.user }));
  if (!item.known)
    return (
      <li className={style["item"]} data-unknown>
        <span className={style["number"]}>{item.number}</span>
        <div className={style["itemWords"]}>
          <p className={style["closed"]}>
            <IconLock size={18} aria-hidden /> {item.invited.includes(session.me.user) ? m.session_item_joining() : m.session_item_not_for_you()}
          </p>
          <p className={style["note"]}>
            {m.session_minutes({ count: item.minutes })}
            {item.status !== "WAITING" && ` · ${itemStatusName(item.status)}`}
          </p>
        </div>
      </li>
    );
  return (
    <li className={style["item"]} data-audience="ITEM">
      <span className={style["number"]}>{item.number}</span>
      <div className={style["itemWords"]}>
        <h3 className={style["question"]}>{item.question}</h3>
        <p className={style["note"]}>
          {item.person !== undefined && <a href={to.case(item.case)}>{item.person}</a>} · {m.session_minutes({ count: item.minutes })}
          {item.requester !== undefined && item.requester !== "" && ` · ${m.session_asked_by({ name: item.requester })}`}
        </p>
        <div className={style["chips"]}>
          <AudienceBadge code="ITEM" title={m.session_invited()} people={people.length} members={people} />
          {item.status !== "WAITING" && <Chip tone={itemTone(item.status)}>{itemStatusName(item.status)}</Chip>}
          {item.minutes_state !== "NONE" && <Chip tone={minutesTone(item.minutes_state)}>{m.session_minutes_chip({ state: minutesStateName(item.minutes_state) })}</Chip>}
        </div>
        <Details session={session} item={item} names={people.map((one) => one.name)} />
        {(item.minutes_state !== "NONE" || item.status === "DONE") && (
          <a href={to.minutes(session.session, item.room)} className={style["go"]}>
            <IconMinutes size={18} aria-hidden /> {m.session_see_minutes()}
          </a>
        )}
      </div>
    </li>
  );
}

function Details({ session, item, names }: { session: SessionView; item: SessionItem; names: readonly string[] }): ReactElement {
  const view = useView("item", { room: item.room });
  const before = session.status === "PLANNED" || session.status === "OPEN";
  if (view.state === "error") return <ErrorLine error={view.error} />;
  if (view.state === "loading") return <p className={style["note"]}>{m.ui_loading()}</p>;
  const { value } = view;
  return (
    <>
      {value.wish !== undefined && value.wish !== "" && (
        <PersonsWords size="m" source={value.person}>
          {value.wish}
        </PersonsWords>
      )}
      {value.context !== undefined && value.context !== "" && <p className={style["said"]}>{value.context}</p>}
      <Opinions item={value} before={before} asked={before && session.me.answer === "OPINION" && !value.opinions.some((one) => one.by === session.me.user)} />
      <Disclosure small title={m.session_invited_names()}>
        <p>{sayAll(names)}</p>
      </Disclosure>
    </>
  );
}
