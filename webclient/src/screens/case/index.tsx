/** One case: the person and their words first, then who is around them and what goes on. */
import { useState, type ReactElement } from "react";
import { navigate } from "../../app/router";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import { useView } from "../../core/hooks";
import type { CaseView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceIcon } from "../../ui/Audience";
import { Button } from "../../ui/Button";
import { Disclosure } from "../../ui/Disclosure";
import { IconAdd, IconInfo, IconWarning } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { LoadingState, Notice } from "../../ui/States";
import { useNow } from "../../ui/When";
import { ageOn, civilDate } from "../../ui/when";
import { MeetingRow, RoomRow } from "../home/Lists";
import { Loaded } from "../Loaded";
import { IconFile } from "../room/icons";
import { Section } from "../Section";
import { Who } from "../Who";
import { Accesses, History } from "./Past";
import style from "./Case.module.css";
import { Circle } from "./Circle";
import { Identity } from "./Identity";
import { NewRoom } from "./NewRoom";
import { Words } from "./Words";

export default function Case({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const view = useView("case", { case: id });
  return (
    <Loaded view={view} title={m.case_tab()} parent={to.cases()}>
      {(value) => <Ready one={value} />}
    </Loaded>
  );
}

/** Whether this device can read the dossier already: without an identity it cannot. */
const readable = (one: CaseView): boolean => one.state !== "AWAITING_HISTORY" && one.person.family_name !== "";

function Ready({ one }: { one: CaseView }): ReactElement {
  const today = civilDate(useNow());
  const born = one.person.birth_date;
  const { state, frozen, audience } = one;
  return (
    <Page
      title={one.person.display === "" ? m.home_case_opening() : one.person.display}
      tab={m.case_tab()}
      parent={to.cases()}
      {...(born !== "" && { under: m.home_born_age({ count: ageOn(born, today) }) })}
      {...(audience.members.length > 0 && {
        who: (
          <Who audience={audience}>
            <a href={to.consents(one.case)}>{m.case_consents()}</a>
          </Who>
        ),
      })}
    >
      <Notices one={one} />
      {state === "LOADING" ? (
        <LoadingState />
      ) : (
        <div className={style["sections"]}>
          {(readable(one) || one.life_project !== undefined) && <Words one={one} />}
          <Rooms one={one} />
          {state !== "ENDED" && <Meetings one={one} mayPlan={one.can.plan_session && !frozen} />}
          {state !== "ENDED" && <PlanAndDocuments one={one} />}
          {readable(one) && <Circle one={one} />}
          {readable(one) && <Identity one={one} />}
          <History rows={one.timeline} today={today} />
          <Accesses rows={one.accesses} today={today} />
        </div>
      )}
    </Page>
  );
}

function Notices({ one }: { one: CaseView }): ReactElement {
  const icon = <IconInfo size={22} />;
  return (
    <>
      {one.frozen && <Notice icon={icon}>{m.case_frozen()}</Notice>}
      {one.state === "ENDED" && (
        <Notice tone="warm" icon={icon}>
          {m.case_ended()}
        </Notice>
      )}
      {one.state !== "ENDED" && one.state !== "LOADING" && !readable(one) && <Notice icon={icon}>{m.case_awaiting()}</Notice>}
      {one.state === "LOADING" && <Notice icon={icon}>{m.case_loading()}</Notice>}
      {(one.warn.includes("FORKED") || one.state === "FORKED") && (
        <Notice tone="harm" icon={<IconWarning size={22} />}>
          {m.case_forked()}
        </Notice>
      )}
      {one.warn.includes("FEW_COLLECTORS") && (
        <Notice tone="warm" icon={<IconWarning size={22} />} action={<Button onPress={() => navigate(to.consents(one.case))}>{m.case_few_collectors_do()}</Button>}>
          {m.case_few_collectors()}
        </Notice>
      )}
    </>
  );
}

function Rooms({ one }: { one: CaseView }): ReactElement {
  const [opening, setOpening] = useState(false);
  const threads = one.rooms.filter((room) => room.kind === "THREAD");
  return (
    <Section
      title={m.case_rooms()}
      {...(one.can.open_room &&
        !one.frozen && {
          action: (
            <Button variant="quiet" small icon={<IconAdd size={20} />} onPress={() => setOpening(true)}>
              {m.case_room_new()}
            </Button>
          ),
        })}
    >
      {threads.length === 0 ? (
        <p className={style["none"]}>{m.case_rooms_none()}</p>
      ) : (
        <List label={m.case_rooms()}>
          {threads.map((room) => (
            <RoomRow key={room.room} room={room} person={false} />
          ))}
        </List>
      )}
      {opening && <NewRoom one={one} onClose={() => setOpening(false)} />}
    </Section>
  );
}

function Meetings({ one, mayPlan }: { one: CaseView; mayPlan: boolean }): ReactElement {
  const items = one.rooms.filter((room) => room.kind === "ITEM");
  return (
    <Section
      title={m.case_meetings()}
      {...(mayPlan && {
        action: (
          <Button variant="quiet" small icon={<IconAdd size={20} />} onPress={() => navigate(`${to.newSession()}?case=${one.case}`)}>
            {m.case_meeting_plan()}
          </Button>
        ),
      })}
    >
      {one.sessions.length === 0 ? (
        <p className={style["none"]}>{m.case_meetings_none()}</p>
      ) : (
        <List label={m.case_meetings()}>
          {one.sessions.map((meeting) => (
            <MeetingRow key={meeting.session} meeting={meeting} />
          ))}
        </List>
      )}
      {items.length > 0 && (
        <Disclosure title={m.case_items({ count: items.length })} small>
          <List label={m.case_items({ count: items.length })}>
            {items.map((room) => (
              <RoomRow key={room.room} room={room} person={false} />
            ))}
          </List>
        </Disclosure>
      )}
    </Section>
  );
}

function PlanAndDocuments({ one }: { one: CaseView }): ReactElement {
  const { plan } = one;
  const detail =
    plan === undefined || plan.actions === 0
      ? m.case_plan_none()
      : [m.case_plan_open({ count: plan.open }), ...(plan.mine > 0 ? [m.case_plan_mine({ count: plan.mine })] : [])].join(", ");
  return (
    <Section title={m.case_plan()}>
      <List label={m.case_plan()}>
        {plan !== undefined && (
          <Row
            href={to.plan(one.case)}
            leading={
              <span data-audience="PLAN" className={style["icon"]}>
                <AudienceIcon code="PLAN" size={20} />
              </span>
            }
            title={m.case_plan_name()}
            detail={detail}
          />
        )}
        <Row
          href={to.documents(one.case)}
          leading={
            <span className={style["icon"]} data-audience="NETWORK" aria-hidden>
              <IconFile size={20} />
            </span>
          }
          title={m.case_documents()}
          detail={m.case_documents_detail()}
        />
      </List>
    </Section>
  );
}
