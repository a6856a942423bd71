/** Before the meeting: can one be seen and heard, who is there, what comes next. */
import { useEffect, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction, useView } from "../../core/hooks";
import type { SessionView } from "../../core/types.gen";
import { Call } from "../../media/call";
import { m } from "../../paraglide/messages.js";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Disclosure } from "../../ui/Disclosure";
import { IconInfo, IconWarning } from "../../ui/icons";
import { ErrorLine, Notice } from "../../ui/States";
import { Announce } from "../../ui/VisuallyHidden";
import { When } from "../../ui/When";
import { sessionStatusName } from "../../words/rcp";
import { Loaded } from "../Loaded";
import { AgendaPanel } from "../live/AgendaPanel";
import { Coming, isHere } from "../live/Coming";
import { nextItem, presenceOf, runningItem } from "../live/people";
import { Present, Waiting } from "../live/Presence";
import { useShortcuts } from "../live/shortcuts";
import { waitingWords } from "../live/Standing";
import { useAnnounced } from "../live/useAnnounced";
import { handOver } from "../live/meeting";
import { useMeeting, type InMeeting } from "../live/useMeeting";
import { Check } from "./Check";
import style from "./Lobby.module.css";

export default function Lobby({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const session = useView("session", { session: id });
  return (
    <Loaded view={session} title={m.lobby_title()} parent={to.session(id)}>
      {(value) => (isHere(value) ? <Ready session={value} /> : <Coming session={value} title={m.lobby_title()} />)}
    </Loaded>
  );
}

function Ready({ session }: { session: SessionView }): ReactElement {
  const inMeeting = useMeeting(session.session);
  const running = useView("call", { session: session.session });
  const said = useAnnounced(session);
  const { meeting, state } = inMeeting;
  useEffect(() => void meeting.own.open(), [meeting]);
  useShortcuts({ m: () => meeting.own.toggle("microphone"), v: () => meeting.own.toggle("camera") });

  const where = running.state === "ready" ? running.value.state : "NONE";
  const admitted = state.phase === "entered" && (where === "IN" || where === "JOINING");
  useEffect(() => {
    if (!admitted) return;
    handOver(meeting);
    navigate(to.live(session.session), { replace: true });
  }, [admitted, meeting, session.session]);

  return (
    <main className={style["lobby"]}>
      <Page
        title={session.title}
        tab={m.lobby_title()}
        parent={to.session(session.session)}
        wide
        under={
          <>
            <When at={session.starts} zone={session.zone} />
            <Chip tone={session.status === "OPEN" || session.status === "RUNNING" ? "accent" : "neutral"}>{sessionStatusName(session.status)}</Chip>
          </>
        }
      >
        <div className={style["columns"]}>
          <div className={style["column"]}>
            <Check inMeeting={inMeeting} name={session.me.name} user={session.me.user} />
            <Door session={session} inMeeting={inMeeting} />
          </div>
          <div className={style["column"]}>
            <Next session={session} />
            <section aria-labelledby="lobby-who" className={style["who"]}>
              <h2 id="lobby-who" className={style["title"]}>
                {m.lobby_who()}
              </h2>
              <Waiting session={session} />
              {presenceOf(session).waiting.length + presenceOf(session).inside.length === 0 && <p className={style["note"]}>{m.lobby_nobody()}</p>}
              <Disclosure title={m.lobby_everybody({ count: session.participants.length })} small>
                <Present session={session} />
              </Disclosure>
            </section>
            {session.can.chair && session.status !== "PLANNED" && (
              <section aria-labelledby="lobby-agenda">
                <h2 id="lobby-agenda" className={style["title"]}>
                  {m.session_agenda()}
                </h2>
                <AgendaPanel session={session} before={() => meeting.enter()} />
              </section>
            )}
          </div>
        </div>
        <Announce>{said}</Announce>
      </Page>
    </main>
  );
}

/** The one thing to do here: ask to come in, open, or wait. */
function Door({ session, inMeeting }: { session: SessionView; inMeeting: InMeeting }): ReactElement {
  const { meeting, state } = inMeeting;
  const open = useAction(() => call("rcp.open", { session: session.session }));
  if (!Call.supported())
    return (
      <Notice tone="warm" icon={<IconWarning size={22} />}>
        {m.lobby_browser()}
      </Notice>
    );
  if (session.status === "CLOSED") return <Notice icon={<IconInfo size={22} />}>{m.live_closed_do()}</Notice>;
  if (session.state === "ENDED")
    return (
      <Notice tone="warm" icon={<IconInfo size={22} />}>
        {m.live_gone()}. {m.live_gone_do()}
      </Notice>
    );
  const chair = session.can.chair;
  const waits = state.phase === "entered";
  const words = waits
    ? waitingWords(session)
    : session.can.enter
      ? { title: m.lobby_ready(), text: chair ? m.lobby_ready_chair() : m.lobby_ready_do() }
      : chair
        ? { title: m.lobby_closed(), text: m.lobby_open_do() }
        : { title: m.lobby_closed(), text: m.lobby_closed_do() };
  return (
    <Card edge={waits ? "accent" : "warm"} labelledBy="lobby-door">
      <div className={style["door"]} role={waits ? "status" : undefined}>
        <h2 id="lobby-door" className={style["title"]}>
          {words.title}
        </h2>
        <p className={style["note"]}>{words.text}</p>
      </div>
      <div className={style["acts"]}>
        {chair && session.status === "PLANNED" && (
          <Button variant="warm" busy={open.busy} onPress={() => void open.run()}>
            {m.session_open()}
          </Button>
        )}
        {session.can.enter && !waits && (
          <Button variant="warm" busy={state.phase === "entering"} onPress={() => void meeting.enter()}>
            {chair ? m.lobby_enter_chair() : m.lobby_enter()}
          </Button>
        )}
        {waits && (
          <Button
            variant="quiet"
            onPress={() => {
              void meeting.leave();
              navigate(to.session(session.session));
            }}
          >
            {m.lobby_leave()}
          </Button>
        )}
      </div>
      {open.error !== undefined && <ErrorLine error={open.error} />}
      {state.problem !== undefined && <ErrorLine error={state.problem} />}
    </Card>
  );
}

/** What is spoken of, or will be; for whom is not invited to it, the first that is theirs. */
function Next({ session }: { session: SessionView }): ReactElement | null {
  const running = runningItem(session);
  const next = nextItem(session);
  const first = running ?? next;
  const mine = first?.known === true ? first : session.items.find((one) => one.known && one.status === "WAITING");
  const item = mine ?? first;
  if (item === undefined) return null;
  const when = item === running ? m.lobby_now : item === next ? m.lobby_next : m.lobby_yours;
  return (
    <section aria-labelledby="lobby-next" className={style["next"]}>
      <h2 id="lobby-next" className={style["note"]}>
        {when({ number: item.number })}
      </h2>
      <p className={item.known ? style["question"] : undefined}>{item.known ? item.question : m.session_item_not_for_you()}</p>
      {item.known && item.person !== undefined && <p className={style["note"]}>{item.person}</p>}
    </section>
  );
}
