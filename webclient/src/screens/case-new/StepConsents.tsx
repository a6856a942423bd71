/** What the person says of each: agrees, not yet, refuses. */
import type { ReactElement } from "react";
import { m } from "../../paraglide/messages.js";
import { Radio, RadioGroup } from "../../ui/Choice";
import { Select } from "../../ui/Select";
import { WAY_CODES, wayName } from "../../words/consent";
import { roleName } from "../../words/roles";
import style from "./CaseNew.module.css";
import { change, useDraftCase, type Around, type Said } from "./draft";

const SAID: ReadonlyArray<readonly [Said, () => string]> = [
  ["GIVE", m.newcase_consent_give],
  ["LATER", m.newcase_consent_later],
  ["REFUSE", m.newcase_consent_refuse],
];

function note(one: Around): string {
  if (one.party.party === "") return m.newcase_circle_no_account();
  if (one.party.category === "CARE_TEAM") return m.newcase_consent_note_team();
  if (one.party.category === "GUEST") return m.newcase_consent_note_guest();
  return m.newcase_consent_note_entourage();
}

export function StepConsents(): ReactElement {
  const { around, how } = useDraftCase();
  const set = (key: string, said: Said): void => change({ around: around.map((one) => (one.key === key ? Object.assign({}, one, { said }) : one)) });
  if (around.length === 0) return <p className={style["soft"]}>{m.newcase_consents_none()}</p>;
  return (
    <div className={style["form"]}>
      <p>{m.newcase_consents_lead()}</p>
      <Select label={m.newcase_consent_how()} choices={WAY_CODES.map((id) => ({ id, label: wayName(id) }))} value={how} onChange={(id) => change({ how: id ?? "ORAL" })} />
      {around.map((one) => {
        const cannotEnter = one.party.party === "" || one.party.category === "GUEST";
        return (
          <div key={one.key} className={style["asked"]}>
            <RadioGroup label={m.case_room_member_line({ name: one.party.name, role: roleName(one.party.role) })} hint={note(one)} value={one.said} onChange={(said) => set(one.key, said as Said)}>
              {SAID.map(([code, words]) => (
                <Radio key={code} value={code} disabled={code === "GIVE" && cannotEnter}>
                  {words()}
                </Radio>
              ))}
            </RadioGroup>
          </div>
        );
      })}
    </div>
  );
}
