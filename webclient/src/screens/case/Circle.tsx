/** The people around the person, alphabetical, each with how their consent stands. */
import type { ReactElement } from "react";
import { to } from "../../app/routes";
import type { CaseView, PartyView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { List, Row } from "../../ui/List";
import { dateWords } from "../../words/dates";
import { consentState } from "../../words/consent";
import { roleName } from "../../words/roles";
import { Section } from "../Section";
import style from "./Case.module.css";

/** What somebody is to the person, beside their role. */
export function duties(party: PartyView): string[] {
  return [
    ...(party.attending === true ? [m.case_attending()] : []),
    ...(party.lead === true ? [m.case_lead()] : []),
    ...(party.trusted === true ? [m.case_trusted()] : []),
    ...(party.emergency === true ? [m.case_emergency()] : []),
  ];
}

/** "Fille · à prévenir": role or relation, organisation, duties. */
export function partyLine(party: PartyView): string {
  const relation = party.relation === undefined || party.relation === "" ? roleName(party.role) : party.relation;
  const organisation = party.organisation === undefined || party.organisation === "" ? [] : [party.organisation];
  return [relation, ...organisation, ...duties(party)].join(" · ");
}

export function Circle({ one }: { one: CaseView }): ReactElement {
  return (
    <Section
      title={one.can.manage_consents ? m.case_circle() : m.case_circle_plain({ name: one.person.given_name === "" ? one.person.display : one.person.given_name })}
      action={
        <a href={to.consents(one.case)} className={style["link"]}>
          {m.case_consents()}
        </a>
      }
    >
      {one.circle.length === 0 ? (
        <p className={style["none"]}>{m.case_circle_none()}</p>
      ) : (
        <List label={m.case_circle()}>
          {one.circle.map((party) => (
            <Row
              key={party.party}
              leading={<Avatar name={party.name} id={party.party} />}
              title={party.name}
              detail={
                <>
                  {partyLine(party)}
                  {party.phone !== undefined && party.phone !== "" && (
                    <a className={style["phone"]} href={`tel:${party.phone.replaceAll(/[^\d+]/gu, "")}`} aria-label={m.case_call({ name: party.name, phone: party.phone })}>
                      {party.phone}
                    </a>
                  )}
                </>
              }
              meta={<ConsentChip code={party.consent} />}
            />
          ))}
        </List>
      )}
      {one.leaflet === undefined && <p className={style["none"]}>{m.case_leaflet_none()}</p>}
      {one.leaflet !== undefined && <Leaflet leaflet={one.leaflet} />}
    </Section>
  );
}

export function ConsentChip({ code }: { code: string }): ReactElement {
  const { text, tone } = consentState(code);
  return <Chip tone={tone}>{text}</Chip>;
}

function Leaflet({ leaflet }: { leaflet: NonNullable<CaseView["leaflet"]> }): ReactElement {
  return <p className={style["none"]}>{m.case_leaflet({ version: leaflet.version, date: dateWords(leaflet.date), by: leaflet.by })}</p>;
}
