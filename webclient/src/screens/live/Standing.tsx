/** Not in the call: waiting, taken out, left, over; each says what comes next. */
import type { ReactElement, ReactNode } from "react";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { explain } from "../../core/errors";
import { useAction } from "../../core/hooks";
import type { CallView, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { ErrorLine, ErrorState } from "../../ui/States";
import { IconWaiting } from "./icons";
import style from "./Live.module.css";
import type { Meeting } from "./meeting";
import { nextItem, runningItem } from "./people";
import { Face } from "./Tile";
import type { InMeeting } from "./useMeeting";

/** Why one waits, in plain words. */
export function waitingWords(session: SessionView): { title: string; text: string } {
  const item = runningItem(session);
  const chair = session.participants.find((one) => one.duty === "CHAIR")?.name ?? "";
  if (item !== undefined) {
    if (item.invited.includes(session.me.user)) return { title: m.live_wait_admit(), text: m.live_wait_admit_do({ name: chair }) };
    return { title: m.live_wait_other(), text: m.live_wait_other_do() };
  }
  if (session.can.chair) return { title: m.live_wait_chair(), text: m.live_wait_chair_do() };
  if (nextItem(session) === undefined) return { title: m.live_wait_end(), text: m.live_wait_end_do() };
  return { title: m.live_wait_between(), text: m.live_wait_between_do({ name: chair }) };
}

export function NotIn({ session, view, inMeeting }: { session: SessionView; view: CallView; inMeeting: InMeeting }): ReactElement {
  const { state, own, meeting } = inMeeting;
  if (state.problem !== undefined)
    return (
      <div className={style["standing"]}>
        <h1 className={style["standingTitle"]}>{m.live_tab()}</h1>
        <ErrorState
          error={state.problem}
          onRetry={() => void meeting.enter()}
          action={<Button onPress={() => navigate(to.session(session.session))}>{m.live_to_session()}</Button>}
        />
      </div>
    );
  const joining = state.phase !== "entered" || view.state === "JOINING" || view.state === "NONE";
  const words = joining ? { title: m.live_joining(), text: m.live_joining_do() } : waitingWords(session);
  return (
    <div className={style["standing"]}>
      <IconWaiting size={32} aria-hidden />
      <h1 className={style["standingTitle"]}>{words.title}</h1>
      <p role="status">{words.text}</p>
      <div className={style["mirror"]}>
        <Face name={session.me.name} user={session.me.user} detail={m.live_mirror()} track={own.camera.track} mirrored silent={!own.microphone.on} />
      </div>
    </div>
  );
}

export function Removed({ why, meeting }: { why: string | undefined; meeting: Meeting }): ReactElement {
  const knock = useAction(() => meeting.knock());
  const reason = why === undefined || why === "" || why === "not_allowed" ? m.live_removed_chair() : `${explain(why).title}. ${explain(why).advice}`;
  return (
    <div className={style["standing"]}>
      <h1 className={style["standingTitle"]}>{m.live_removed()}</h1>
      <p role="status">{reason}</p>
      <Button busy={knock.busy} onPress={() => void knock.run()}>
        {m.live_ask_again()}
      </Button>
      {knock.error !== undefined && <ErrorLine error={knock.error} />}
    </div>
  );
}

function Out({ title, text, children }: { title: string; text: string; children: ReactNode }): ReactElement {
  return (
    <div className={style["room"]} data-theme="dark">
      <main className={style["main"]}>
        <div className={style["standing"]}>
          <h1 className={style["standingTitle"]}>{title}</h1>
          <p role="status">{text}</p>
          <div className={style["standingActs"]}>{children}</div>
        </div>
      </main>
    </div>
  );
}

export function Left({ session, onReturn }: { session: SessionView; onReturn: () => void }): ReactElement {
  return (
    <Out title={m.live_left()} text={m.live_left_do()}>
      <Button variant="primary" onPress={onReturn}>
        {m.live_return()}
      </Button>
      <Button onPress={() => navigate(to.session(session.session))}>{m.live_to_session()}</Button>
    </Out>
  );
}

/** The meeting is over, or goes on without one whose consent has been withdrawn. */
export function Closed({ session }: { session: SessionView }): ReactElement {
  const gone = session.state === "ENDED" && session.status !== "CLOSED";
  return (
    <Out title={gone ? m.live_gone() : m.live_closed()} text={gone ? m.live_gone_do() : m.live_closed_do()}>
      <Button variant="primary" onPress={() => navigate(to.session(session.session))}>
        {m.live_to_session()}
      </Button>
      <Button onPress={() => navigate(to.home())}>{m.page_missing_home()}</Button>
    </Out>
  );
}
