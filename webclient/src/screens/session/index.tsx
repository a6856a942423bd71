/** A planned session: when, what, with whom, and what I answer. */
import type { ReactElement } from "react";
import { Page } from "../../app/Page";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction, useView } from "../../core/hooks";
import type { SessionView } from "../../core/types.gen";
import { save } from "../../documents/files";
import { m } from "../../paraglide/messages.js";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Disclosure } from "../../ui/Disclosure";
import { IconEdit, IconInfo } from "../../ui/icons";
import { ErrorLine, Notice } from "../../ui/States";
import { useNow, When } from "../../ui/When";
import { quorumRule, sessionStatusName, signersRule } from "../../words/rcp";
import { mayJoin } from "../home/work";
import { Loaded } from "../Loaded";
import { Section } from "../Section";
import { Who } from "../Who";
import { Answer } from "./Answer";
import { calendarFile } from "./calendar";
import { IconCalendarAdd, IconDoor } from "./icons";
import { Item } from "./Item";
import { People } from "./People";
import style from "./Session.module.css";

export default function Session({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const session = useView("session", { session: id });
  return (
    <Loaded view={session} title={m.session_tab()} parent={to.agenda()}>
      {(value) => <Ready session={value} />}
    </Loaded>
  );
}

function Ready({ session }: { session: SessionView }): ReactElement {
  const { status, items, can, type } = session;
  const running = status === "OPEN" || status === "RUNNING";
  if (session.title === "" && session.state !== "READY") return <Waiting session={session} />;
  return (
    <Page
      title={session.title}
      tab={m.session_tab()}
      parent={to.agenda()}
      under={
        <>
          <span>
            <When at={session.starts} zone={session.zone} /> · {m.session_minutes({ count: session.minutes })}
          </span>
          <Chip tone={running ? "accent" : status === "CLOSED" ? "done" : "neutral"}>{sessionStatusName(status)}</Chip>
        </>
      }
      {...(can.edit && {
        actions: (
          <Button icon={<IconEdit size={18} />} onPress={() => navigate(to.editSession(session.session))}>
            {m.session_edit()}
          </Button>
        ),
      })}
      who={<Who audience={session.audience} />}
    >
      <State session={session} />
      <Join session={session} />
      {can.answer && <Answer session={session} />}
      <Section title={m.session_agenda()}>
        <ol className={style["items"]}>
          {items.map((item) => (
            <Item key={item.room} session={session} item={item} />
          ))}
        </ol>
      </Section>
      <Section title={m.session_participants()}>
        <People session={session} />
      </Section>
      <Disclosure title={m.session_rule_title({ name: type.name })} level={2}>
        <ul className={style["rule"]}>
          {quorumRule(type).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <p>{signersRule(type)}</p>
      </Disclosure>
    </Page>
  );
}

/** In the session, and its agenda has not come yet. */
function Waiting({ session }: { session: SessionView }): ReactElement {
  return (
    <Page title={m.session_tab()} parent={to.agenda()}>
      <State session={session} />
    </Page>
  );
}

function State({ session }: { session: SessionView }): ReactElement | null {
  const icon = <IconInfo size={22} />;
  if (session.state === "JOINING") return <Notice icon={icon}>{m.session_joining()}</Notice>;
  if (session.state === "AWAITING_HISTORY") return <Notice icon={icon}>{m.session_history()}</Notice>;
  if (session.state === "ENDED")
    return (
      <Notice tone="warm" icon={icon}>
        {m.session_ended()}
      </Notice>
    );
  return null;
}

/** The door: when it opens, and the calendar until then. */
function Join({ session }: { session: SessionView }): ReactElement | null {
  const now = useNow(15_000);
  const open = useAction(() => call("rcp.open", { session: session.session }));
  if (session.status === "CLOSED" || session.state === "ENDED") return null;
  const soon = mayJoin(session, now);
  const lobby = (): void => navigate(to.lobby(session.session));
  return (
    <Card edge={soon ? "warm" : "accent"} labelledBy="session-door">
      <div className={style["door"]}>
        <div className={style["doorWords"]}>
          <h2 id="session-door" className={style["cardTitle"]}>
            {session.status === "RUNNING" ? m.session_door_running() : session.status === "OPEN" ? m.session_door_open() : m.session_door_closed()}
          </h2>
          <p className={style["note"]}>{session.can.enter ? m.session_door_enter() : session.can.chair ? m.session_door_chair() : m.session_door_wait()}</p>
        </div>
        <div className={style["answers"]}>
          {session.can.enter && (
            <Button variant="warm" icon={<IconDoor size={20} />} onPress={lobby}>
              {m.session_enter()}
            </Button>
          )}
          {session.can.chair && session.status === "PLANNED" && (
            <Button variant={soon ? "warm" : "secondary"} icon={<IconDoor size={20} />} busy={open.busy} onPress={() => void open.run().then((done) => (done ? lobby() : undefined))}>
              {m.session_open()}
            </Button>
          )}
          {!session.can.enter && !soon && <CalendarButton session={session} />}
          {!session.can.enter && <Button variant="quiet" onPress={lobby}>{m.session_check_devices()}</Button>}
        </div>
      </div>
      {open.error !== undefined && <ErrorLine error={open.error} />}
    </Card>
  );
}

function CalendarButton({ session }: { session: SessionView }): ReactElement {
  const download = (): void => {
    const text = calendarFile(
      { session: session.session, starts: session.starts, minutes: session.minutes, sequence: session.sequence, summary: m.session_calendar_summary(), url: location.origin + to.session(session.session) },
      Date.now(),
    );
    save(new Blob([text], { type: "text/calendar" }), "ensemble.ics");
  };
  return (
    <Button icon={<IconCalendarAdd size={20} />} onPress={download}>
      {m.session_calendar()}
    </Button>
  );
}
