/** Everything once more, before the case exists. */
import type { ReactElement, ReactNode } from "react";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { PersonsWords } from "../../ui/PersonsWords";
import { Notice } from "../../ui/States";
import { ageOn, today } from "../../ui/when";
import { wayName } from "../../words/consent";
import { dateWords } from "../../words/dates";
import { sayAll } from "../../words/lists";
import { roleName } from "../../words/roles";
import { spacedINS } from "../case/timeline";
import style from "./CaseNew.module.css";
import { entering, useDraftCase, type Step } from "./draft";
import { stepName } from "./Steps";

export function Review({ onGo, wrong }: { onGo: (step: Step) => void; wrong: string | undefined }): ReactElement {
  const draft = useDraftCase();
  const { person, words, leaflet, around } = draft;
  const inside = entering(around).map((one) => one.party.name);
  const refused = around.filter((one) => one.said === "REFUSE").map((one) => one.party.name);
  return (
    <div className={style["form"]}>
      <p>{m.newcase_review_lead()}</p>
      <Part step="person" onGo={onGo}>
        <p>
          <strong>
            {person.given_name} {person.family_name}
          </strong>
          {person.birth_date !== "" && ` · ${dateWords(person.birth_date)} · ${m.home_born_age({ count: ageOn(person.birth_date, today()) })}`}
        </p>
        {person.ins !== undefined && person.ins !== "" && (
          <p>
            {m.case_ins()} {spacedINS(person.ins)}
          </p>
        )}
        {wrong !== undefined && <Notice tone="harm">{wrong === "ins" ? m.newcase_ins_wrong() : m.error_invalid_do()}</Notice>}
      </Part>
      <Part step="words" onGo={onGo}>
        {words.trim() === "" ? <p className={style["soft"]}>{m.case_words_none()}</p> : <PersonsWords size="m">{words}</PersonsWords>}
      </Part>
      <Part step="leaflet" onGo={onGo}>
        <p>
          {leaflet.version} · {dateWords(leaflet.date)} · {wayName(leaflet.how ?? "ORAL")}
        </p>
      </Part>
      <Part step="circle" onGo={onGo}>
        {around.length === 0 ? (
          <p className={style["soft"]}>{m.newcase_circle_none()}</p>
        ) : (
          <ul className={style["names"]}>
            {around.map((one) => (
              <li key={one.key}>{m.case_room_member_line({ name: one.party.name, role: roleName(one.party.role) })}</li>
            ))}
          </ul>
        )}
      </Part>
      <Part step="consents" onGo={onGo}>
        <p>{inside.length === 0 ? m.newcase_review_nobody() : m.newcase_review_enter({ count: inside.length, names: sayAll(inside) })}</p>
        {refused.length > 0 && <p>{m.newcase_review_refused({ count: refused.length, names: sayAll(refused) })}</p>}
      </Part>
    </div>
  );
}

function Part({ step, onGo, children }: { step: Step; onGo: (step: Step) => void; children: ReactNode }): ReactElement {
  return (
    <section className={style["part"]} aria-label={stepName(step)}>
      <header>
        <h3>{stepName(step)}</h3>
        <Button variant="quiet" small onPress={() => onGo(step)} aria-label={`${m.newcase_review_change()} : ${stepName(step)}`}>
          {m.newcase_review_change()}
        </Button>
      </header>
      {children}
    </section>
  );
}
