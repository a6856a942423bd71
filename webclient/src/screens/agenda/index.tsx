/** Meetings by day: those to come first, those held behind a title. */
import type { ReactElement } from "react";
import { Page } from "../../app/Page";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { useView } from "../../core/hooks";
import type { AgendaView, MeetingCard } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { Disclosure } from "../../ui/Disclosure";
import { IconAdd, IconAgenda } from "../../ui/icons";
import { List } from "../../ui/List";
import { EmptyState } from "../../ui/States";
import { useNow } from "../../ui/When";
import { civilDate, dayWords } from "../../ui/when";
import { MeetingRow } from "../home/Lists";
import { Loaded } from "../Loaded";
import { Section } from "../Section";
import { byDay, isPast } from "./days";

export default function Agenda(): ReactElement {
  const agenda = useView("agenda");
  return (
    <Loaded view={agenda} title={m.agenda_title()}>
      {(value) => <Ready agenda={value} />}
    </Loaded>
  );
}

function Ready({ agenda }: { agenda: AgendaView }): ReactElement {
  const now = useNow();
  const home = useView("home");
  // Who may open a case may plan a meeting about one.
  const may = home.state === "ready" && home.value.can_open_case;
  const next = agenda.meetings.filter((one) => !isPast(one, now));
  const past = agenda.meetings.filter((one) => isPast(one, now)).toReversed();
  const plan = (
    <Button variant="primary" icon={<IconAdd size={20} />} onPress={() => navigate(to.newSession())}>
      {m.agenda_plan()}
    </Button>
  );
  return (
    <Page title={m.agenda_title()} {...(may && agenda.meetings.length > 0 && { actions: plan })}>
      {next.length === 0 && (
        <EmptyState icon={<IconAgenda size={28} />} title={m.agenda_none()} {...(may && past.length === 0 && { action: plan })}>
          {may ? m.agenda_none_plan() : m.agenda_none_wait()}
        </EmptyState>
      )}
      <Days meetings={next} now={now} />
      {past.length > 0 && (
        <Disclosure title={m.agenda_past({ count: past.length })} level={2}>
          <Days meetings={past} now={now} />
        </Disclosure>
      )}
    </Page>
  );
}

function Days({ meetings, now }: { meetings: readonly MeetingCard[]; now: number }): ReactElement {
  const today = civilDate(now);
  return (
    <>
      {byDay(meetings).map(([day, list]) => (
        <Section key={day} title={capital(dayWords(day, today))}>
          <List label={dayWords(day, today)}>
            {list.map((meeting) => (
              <MeetingRow key={meeting.session} meeting={meeting} />
            ))}
          </List>
        </Section>
      ))}
    </>
  );
}

const capital = (words: string): string => words.charAt(0).toLocaleUpperCase() + words.slice(1);
