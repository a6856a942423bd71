/** The minutes, a white sheet beside the faces. */
import { lazy, Suspense, type ReactElement } from "react";
import { to } from "../../app/routes";
import type { ItemView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { LoadingState } from "../../ui/States";
import { minutesStateName } from "../../words/rcp";
import style from "./Panels.module.css";

const Draft = lazy(() => import("../minutes/Draft").then(({ Draft: component }) => ({ default: component })));
const Content = lazy(() => import("../minutes/Content").then(({ Content: component }) => ({ default: component })));

export function MinutesPanel({ item }: { item: ItemView }): ReactElement {
  const { content, state } = item.minutes;
  return (
    <Suspense fallback={<LoadingState />}>
      {content === undefined ? item.can.draft ? <Draft item={item} /> : <p className={style["none"]}>{m.minutes_wait_do()}</p> : <Content content={content} before={undefined} />}
      {content !== undefined && (
        // Another tab: the meeting goes on in this one.
        <p className={style["note"]}>
          {m.session_minutes_chip({ state: minutesStateName(state) })} ·{" "}
          <a href={to.minutes(item.session, item.room)} target="_blank" rel="noreferrer">
            {m.live_minutes_open()}
          </a>
        </p>
      )}
    </Suspense>
  );
}
