/** The agenda as a thin line of dots, with the time that has passed. */
import type { ReactElement } from "react";
import type { SessionItem, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { VisuallyHidden } from "../../ui/VisuallyHidden";
import { useNow } from "../../ui/When";
import { itemStatusName } from "../../words/rcp";
import style from "./Live.module.css";
import { runningItem } from "./people";

export const minutesSince = (from: number, now: number): number => Math.max(0, Math.floor((now - from) / 60_000));

export function AgendaLine({ session }: { session: SessionView }): ReactElement {
  const now = useNow(10_000);
  const running = runningItem(session);
  return (
    <div className={style["agenda"]}>
      <ol className={style["dots"]} aria-label={m.session_agenda()}>
        {session.items.map((item) => (
          <li key={item.room} className={style["dot"]} data-status={item.status} {...(item.status === "RUNNING" && { "aria-current": "step" as const })}>
            <VisuallyHidden>
              {m.session_item_n({ number: item.number })}, {itemStatusName(item.status)}
            </VisuallyHidden>
          </li>
        ))}
      </ol>
      {running !== undefined && <Elapsed item={running} count={session.items.length} now={now} />}
    </div>
  );
}

function Elapsed({ item, count, now }: { item: SessionItem; count: number; now: number }): ReactElement {
  const passed = minutesSince(item.started ?? now, now);
  return (
    <p className={style["elapsed"]} data-over={passed > item.minutes ? "" : undefined}>
      {m.live_item_of({ number: item.number, count })} · <span role="timer">{m.live_elapsed({ passed, planned: item.minutes })}</span>
    </p>
  );
}
