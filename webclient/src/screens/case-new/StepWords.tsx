/** The person's words, and what they were told before agreeing to anything. */
import { lazy, Suspense, type ReactElement } from "react";
import { useView } from "../../core/hooks";
import { m } from "../../paraglide/messages.js";
import { Checkbox } from "../../ui/Choice";
import { Select } from "../../ui/Select";
import { LoadingState } from "../../ui/States";
import { TextArea, TextField } from "../../ui/TextField";
import { today } from "../../ui/when";
import { WAY_CODES, wayName } from "../../words/consent";
import style from "./CaseNew.module.css";
import { change, useDraftCase } from "./draft";

const DateField = lazy(async () => ({ default: (await import("../../ui/DateTime")).DateField }));

export function StepWords(): ReactElement {
  const words = useDraftCase((draft) => draft.words);
  return (
    <div className={style["form"]}>
      <p>{m.newcase_words_lead()}</p>
      <TextArea label={m.case_words_label()} hint={m.case_words_hint()} value={words} onChange={(text) => change({ words: text })} rows={6} areaClassName={style["voice"] ?? ""} />
    </div>
  );
}

export function StepLeaflet({ tried }: { tried: boolean }): ReactElement {
  const { leaflet, informed } = useDraftCase();
  return (
    <div className={style["form"]}>
      <p>{m.newcase_leaflet_lead()}</p>
      <Checkbox card checked={informed} onChange={(now) => change({ informed: now })}>
        {m.newcase_leaflet_given()}
      </Checkbox>
      {tried && !informed && (
        <p role="alert" className={style["lack"]}>
          {m.newcase_leaflet_missing()}
        </p>
      )}
      <div className={style["two"]}>
        <TextField label={m.newcase_leaflet_version()} value={leaflet.version} onChange={(version) => change({ leaflet: { ...leaflet, version } })} />
        <Suspense fallback={<LoadingState lines={1} />}>
          <DateField label={m.newcase_leaflet_date()} value={leaflet.date} onChange={(date) => change({ leaflet: { ...leaflet, date } })} max={today()} />
        </Suspense>
        <Select
          label={m.newcase_leaflet_how()}
          choices={WAY_CODES.map((id) => ({ id, label: wayName(id) }))}
          value={leaflet.how ?? "ORAL"}
          onChange={(how) => change({ leaflet: { ...leaflet, how: how ?? "ORAL" } })}
        />
      </div>
    </div>
  );
}

/** The person's own account, when the network has one for them. */
export function Account(): ReactElement | null {
  const person = useDraftCase((draft) => draft.person);
  const network = useView("network");
  const accounts = network.state === "ready" ? network.value.members.filter((row) => row.kind === "PERSON") : [];
  if (accounts.length === 0) return null;
  return (
    <Select
      label={m.newcase_account()}
      hint={m.newcase_account_hint()}
      need="optional"
      choices={[{ id: "none", label: m.newcase_account_none() }, ...accounts.map((row) => ({ id: row.user, label: row.name }))]}
      value={person.user === "" ? "none" : person.user}
      onChange={(id) => change({ person: { ...person, user: id === null || id === "none" ? "" : id } })}
    />
  );
}
