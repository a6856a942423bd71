/** The agenda beside the faces; the chair moves the meeting from item to item. */
import { useState, type ReactElement } from "react";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { SessionItem, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { ErrorLine } from "../../ui/States";
import { itemStatusName, itemTone, minutesStateName } from "../../words/rcp";
import style from "./Panels.module.css";
import { nextItem, runningItem } from "./people";

interface Doing {
  readonly act: "rcp.start_item" | "rcp.end_item" | "rcp.postpone_item";
  readonly item: string;
}

/** `before`: what comes first, such as taking the lead of the core. */
export function AgendaPanel({ session, before }: { session: SessionView; before?: () => Promise<void> }): ReactElement {
  const [doing, setDoing] = useState<Doing>();
  const action = useAction(async ({ act, item }: Doing) => {
    await before?.();
    await call(act, { session: session.session, item });
  });
  const run = (next: Doing): void => {
    setDoing(next);
    void action.run(next);
  };
  const running = runningItem(session);
  const next = nextItem(session);
  return (
    <>
      <ol className={style["agenda"]}>
        {session.items.map((item) => (
          <li key={item.room} className={style["item"]} data-status={item.status}>
            <span className={style["number"]} aria-hidden>
              {item.number}
            </span>
            <div className={style["itemWords"]}>
              <p className={style["question"]}>{item.known ? item.question : m.session_item_not_for_you()}</p>
              <p className={style["note"]}>
                {item.known && item.person !== undefined && `${item.person} · `}
                {m.session_minutes({ count: item.minutes })}
              </p>
              {item.status !== "WAITING" && (
                <p>
                  <Chip tone={itemTone(item.status)}>{itemStatusName(item.status)}</Chip>
                </p>
              )}
              {item.known && item.minutes_state !== "NONE" && item.status !== "RUNNING" && (
                // Another tab: the meeting goes on in this one.
                <p>
                  <a href={to.minutes(session.session, item.room)} target="_blank" rel="noreferrer">
                    {m.session_minutes_chip({ state: minutesStateName(item.minutes_state) })}
                  </a>
                </p>
              )}
              {session.can.chair && <ItemActs item={item} isNext={item === next && running === undefined} anyRuns={running !== undefined} busy={action.busy && doing?.item === item.room} onAct={run} />}
            </div>
          </li>
        ))}
      </ol>
      {action.error !== undefined && <ErrorLine error={action.error} />}
      {session.can.chair && session.status !== "PLANNED" && <Close session={session} />}
    </>
  );
}

function ItemActs({ item, isNext, anyRuns, busy, onAct }: { item: SessionItem; isNext: boolean; anyRuns: boolean; busy: boolean; onAct: (doing: Doing) => void }): ReactElement | null {
  const [ending, setEnding] = useState(false);
  if (item.status === "RUNNING")
    return (
      <div className={style["acts"]}>
        <Button small variant="primary" busy={busy} onPress={() => onAct({ act: "rcp.end_item", item: item.room })}>
          {m.live_item_end()}
        </Button>
        <Button small onPress={() => setEnding(true)}>
          {m.live_item_postpone()}
        </Button>
        <Confirm
          open={ending}
          onClose={() => setEnding(false)}
          title={m.live_item_postpone_title()}
          act={m.live_item_postpone()}
          onConfirm={() => {
            setEnding(false);
            onAct({ act: "rcp.postpone_item", item: item.room });
          }}
        >
          <p>{m.live_item_postpone_effect()}</p>
        </Confirm>
      </div>
    );
  if (!item.known) return null;
  const start = (
    <Button small variant={isNext ? "primary" : "secondary"} busy={busy} onPress={() => onAct({ act: "rcp.start_item", item: item.room })}>
      {(item.status === "WAITING" ? (anyRuns ? m.live_item_pass : m.live_item_start) : m.live_item_again)({ number: item.number })}
    </Button>
  );
  if (item.status !== "WAITING") return <div className={style["acts"]}>{start}</div>;
  return (
    <div className={style["acts"]}>
      {start}
      <Button small variant="quiet" onPress={() => onAct({ act: "rcp.postpone_item", item: item.room })}>
        {m.live_item_postpone()}
      </Button>
    </div>
  );
}

function Close({ session }: { session: SessionView }): ReactElement {
  const [asking, setAsking] = useState(false);
  const left = session.items.filter((one) => one.status === "WAITING").length;
  const close = useAction(async () => {
    await call("rcp.close", { session: session.session });
    navigate(to.session(session.session));
  });
  return (
    <div className={style["acts"]}>
      <Button onPress={() => setAsking(true)}>{m.live_close()}</Button>
      <Confirm open={asking} onClose={() => setAsking(false)} title={m.live_close_title()} act={m.live_close()} danger busy={close.busy} error={close.error} onConfirm={() => void close.run()}>
        <p>{m.live_close_effect()}</p>
        {left > 0 && <p>{m.live_close_left({ count: left })}</p>}
      </Confirm>
    </div>
  );
}
