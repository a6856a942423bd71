/** The lists of home: worklist, meetings, unread conversations, cases. */
import type { ReactElement } from "react";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import type { CaseCard, MeetingCard, RoomCard, Work } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceIcon, audienceName } from "../../ui/Audience";
import { Avatar } from "../../ui/Avatar";
import { Chip, Unread } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { IconAdd, IconAgenda, IconCases, IconDone, IconSession } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { EmptyState } from "../../ui/States";
import { useNow, When } from "../../ui/When";
import { ageOn, civilDate } from "../../ui/when";
import { roomPath, roomTitle } from "../../words/places";
import style from "./Home.module.css";
import { Section } from "../Section";
import { mayJoin, tell } from "./work";
import { WorkIcon } from "./WorkIcon";

export function Worklist({ work }: { work: readonly Work[] }): ReactElement {
  const today = civilDate(useNow());
  return (
    <Section title={m.home_waits()}>
      {work.length === 0 ? (
        <p className={style["nothing"]}>
          <IconDone size={24} aria-hidden />
          <span>
            <strong>{m.home_waits_none()}.</strong> {m.home_waits_none_do()}
          </span>
        </p>
      ) : (
        <div className={style["waiting"]}>
          <List plain label={m.home_waits()}>
            {work.map((one) => {
              const { text, href, due, late } = tell(one, today);
              return (
                <Row
                  key={`${one.kind} ${one.room} ${one.target}`}
                  href={href}
                  leading={<WorkIcon kind={one.kind} />}
                  title={text}
                  detail={
                    <>
                      {one.person}
                      {one.person !== "" && due !== undefined && " · "}
                      {due !== undefined && <span className={cx(late && style["late"])}>{due}</span>}
                    </>
                  }
                />
              );
            })}
          </List>
        </div>
      )}
    </Section>
  );
}

const ANSWERS: Readonly<Record<string, () => string>> = {
  COMES: m.home_answer_comes,
  CANNOT: m.home_answer_cannot,
  OPINION: m.home_answer_opinion,
};

/** A meeting in a list; the button to join comes ten minutes before. */
export function MeetingRow({ meeting }: { meeting: MeetingCard }): ReactElement {
  const now = useNow(15_000);
  const join = mayJoin(meeting, now);
  const running = meeting.status === "OPEN" || meeting.status === "RUNNING";
  const answer = ANSWERS[meeting.answer];
  return (
    <Row
      href={to.session(meeting.session)}
      leading={
        <span className={cx(style["icon"], !join && style["calm"])} aria-hidden>
          <IconSession size={20} />
        </span>
      }
      title={meeting.title}
      detail={
        <>
          {running ? m.home_now() : <When at={meeting.starts} zone={meeting.zone} />}
          {!join && ` · ${m.home_meeting_items({ count: meeting.items })}`}
          {answer !== undefined && <span className={style["person"]}>{answer()}</span>}
        </>
      }
      {...(join && {
        actions: (
          <Button variant="warm" onPress={() => navigate(to.lobby(meeting.session))}>
            {m.home_join()}
          </Button>
        ),
      })}
    />
  );
}

export function Meetings({ meetings }: { meetings: readonly MeetingCard[] }): ReactElement {
  const next = meetings.filter((one) => one.status !== "CLOSED");
  return (
    <Section
      title={m.home_meetings()}
      action={
        <a href={to.agenda()} className={style["link"]}>
          {m.home_meetings_all()}
        </a>
      }
    >
      {next.length === 0 ? (
        <p className={style["nothing"]}>
          <IconAgenda size={24} aria-hidden /> {m.home_meetings_none()}
        </p>
      ) : (
        <List label={m.home_meetings()}>
          {next.slice(0, 4).map((meeting) => (
            <MeetingRow key={meeting.session} meeting={meeting} />
          ))}
        </List>
      )}
    </Section>
  );
}

/** A conversation in a list: its audience's colour, what was said last, what is new. */
export function RoomRow({ room, person = true }: { room: RoomCard; person?: boolean }): ReactElement {
  const last = room.last === undefined || room.last === "" ? undefined : room.last_by === undefined || room.last_by === "" ? room.last : m.home_last_by({ name: room.last_by, text: room.last });
  return (
    <Row
      href={roomPath(room)}
      strong={room.unread > 0}
      leading={
        <span data-audience={room.audience} className={cx(style["icon"], style["audience"])}>
          <AudienceIcon code={room.audience} size={20} />
        </span>
      }
      title={person && room.person !== undefined && room.person !== "" ? `${roomTitle(room.title)} · ${room.person}` : roomTitle(room.title)}
      detail={last ?? m.audience_line({ audience: audienceName(room.audience), people: m.audience_people({ count: room.people }) })}
      meta={
        <>
          {room.at > 0 && <When at={room.at} short />}
          <Unread count={room.unread} mention={room.mention} />
        </>
      }
    />
  );
}

export function Threads({ threads }: { threads: readonly RoomCard[] }): ReactElement | null {
  if (threads.length === 0) return null;
  return (
    <Section title={m.home_threads()}>
      <List label={m.home_threads()}>
        {threads.map((room) => (
          <RoomRow key={room.room} room={room} />
        ))}
      </List>
    </Section>
  );
}

export function CaseRow({ one }: { one: CaseCard }): ReactElement {
  const today = civilDate(useNow());
  // A device that has just come knows the case before it can read whose it is.
  const person = one.person === "" ? m.home_case_opening() : one.person;
  const facts = [
    ...(one.born === undefined || one.born === "" ? [] : [m.home_born_age({ count: ageOn(one.born, today) })]),
    ...(one.lead === undefined || one.lead === "" ? [] : [m.home_lead({ name: one.lead })]),
    m.cases_rooms({ count: one.rooms }),
  ];
  return (
    <Row
      href={to.case(one.case)}
      strong={one.unread > 0}
      leading={
        one.person === "" ? (
          <span className={cx(style["icon"], style["calm"])}>
            <IconCases size={20} aria-hidden />
          </span>
        ) : (
          <Avatar name={person} id={one.case} />
        )
      }
      title={person}
      detail={facts.join(" · ")}
      meta={
        <>
          <Unread count={one.unread} />
          {one.frozen && <Chip>{m.home_case_frozen()}</Chip>}
          {one.warn.includes("FORKED") && <Chip tone="harm">{m.home_case_forked()}</Chip>}
        </>
      }
    />
  );
}

export const OpenCase = ({ primary = false }: { primary?: boolean }): ReactElement => (
  <Button variant={primary ? "primary" : "quiet"} small={!primary} icon={<IconAdd size={20} />} onPress={() => navigate(to.newCase())}>
    {m.home_case_open()}
  </Button>
);

export function Cases({ cases, mayOpen, own }: { cases: readonly CaseCard[]; mayOpen: boolean; own: boolean }): ReactElement {
  const title = own && cases.length === 1 ? m.home_my_case() : m.home_cases();
  return (
    <Section title={title} {...(mayOpen && cases.length > 0 && { action: <OpenCase /> })}>
      {cases.length === 0 ? (
        <EmptyState icon={<IconCases size={28} />} title={m.home_cases_none()} {...(mayOpen && { action: <OpenCase primary /> })}>
          {mayOpen ? m.home_cases_none_open() : m.home_cases_none_do()}
        </EmptyState>
      ) : (
        <List label={title}>
          {cases.slice(0, 6).map((one) => (
            <CaseRow key={one.case} one={one} />
          ))}
        </List>
      )}
      {cases.length > 6 && (
        <a href={to.cases()} className={cx(style["link"], style["go"])}>
          {m.home_cases_all()}
        </a>
      )}
    </Section>
  );
}
