/**
 * Who is invited to what. Consent stands beside each name: whoever has not been
 * agreed to stays outside of an item until they are, whatever is ticked here.
 */
import type { ReactElement } from "react";
import { ToggleButton } from "react-aria-components";
import { to } from "../../app/routes";
import type { ConsentRow } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Checkbox } from "../../ui/Choice";
import { cx } from "../../ui/cx";
import { IconCheck, IconWarning } from "../../ui/icons";
import { Select } from "../../ui/Select";
import { consentState } from "../../words/consent";
import { DUTIES, dutyName, usuallyVotes } from "../../words/rcp";
import { roleName } from "../../words/roles";
import { covered, toggle, type Form, type FormPerson } from "./form";
import style from "./Plan.module.css";

export interface PeopleProps {
  form: Form;
  change: (update: (form: Form) => Form) => void;
  rows: readonly ConsentRow[];
}

export function People({ form, change, rows }: PeopleProps): ReactElement {
  const refused = rows.filter((row) => row.party.consent === "REFUSED");
  return (
    <>
      <ul className={style["people"]}>
        {rows
          .filter((row) => row.party.consent !== "REFUSED")
          .map((row) => {
            const person = form.people.find((one) => one.user === row.party.party);
            return person === undefined ? null : <Person key={row.party.party} row={row} person={person} form={form} change={change} />;
          })}
      </ul>
      {refused.length > 0 && (
        <p className={style["note"]}>
          {m.session_people_refused({ count: refused.length, names: refused.map((row) => row.party.name).join(", ") })}{" "}
          <a href={to.consents(form.items[0]?.case ?? "")}>{m.session_people_consents()}</a>
        </p>
      )}
    </>
  );
}

function Person({ row, person, form, change }: { row: ConsentRow; person: FormPerson; form: Form; change: PeopleProps["change"] }): ReactElement {
  const { party } = row;
  const set = (fields: Partial<FormPerson>): void => change((f) => ({ ...f, people: f.people.map((one) => (one.user === person.user ? { ...one, ...fields } : one)) }));
  const comes = person.items.length > 0;
  return (
    <li className={style["person"]} data-out={comes ? undefined : ""}>
      <div className={style["who"]}>
        <Avatar name={party.name} id={party.party} />
        <div className={style["whoWords"]}>
          <span className={style["name"]}>{party.name}</span>
          <span className={style["note"]}>{roleName(party.role)}</span>
        </div>
        <Consent row={row} />
      </div>
      <div className={style["invited"]} role="group" aria-label={m.session_people_items({ name: party.name })}>
        {form.items.map((item, i) => (
          <ToggleButton
            key={item.key}
            className={style["point"] ?? ""}
            isSelected={person.items.includes(item.key)}
            onChange={() => change((f) => toggle(f, person.user, item.key))}
            aria-label={m.session_people_item({ number: i + 1, question: item.question })}
          >
            {({ isSelected }) => (
              <>
                {isSelected && <IconCheck size={16} aria-hidden />}
                {m.session_item_n({ number: i + 1 })}
              </>
            )}
          </ToggleButton>
        ))}
      </div>
      {comes && (
        <div className={style["duty"]}>
          <Select
            label={m.session_people_duty({ name: party.name })}
            hideLabel
            choices={DUTIES.map((id) => ({ id, label: dutyName(id) }))}
            value={person.duty}
            onChange={(duty) => set({ duty: duty ?? "PARTICIPANT", votes: usuallyVotes(duty ?? "") })}
          />
          <Checkbox checked={person.votes} onChange={(votes) => set({ votes })} disabled={person.duty === "FACILITATOR"}>
            {m.session_people_votes()}
          </Checkbox>
        </div>
      )}
    </li>
  );
}

function Consent({ row }: { row: ConsentRow }): ReactElement {
  const { consent } = row.party;
  if (consent === "NONE" && covered(row)) return <Chip tone="done">{m.session_consent_guest()}</Chip>;
  const { text, tone } = consentState(consent);
  return (
    <span className={cx(!covered(row) && style["lacking"])}>
      <Chip tone={covered(row) ? tone : "warm"} {...(!covered(row) && { icon: <IconWarning size={14} /> })}>
        {text}
      </Chip>
    </span>
  );
}
