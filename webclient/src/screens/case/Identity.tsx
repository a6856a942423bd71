/** The person's identity, behind its title; and changing it. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { CaseView, IdentityFields } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { FormDialog } from "../../ui/Dialog";
import { Disclosure } from "../../ui/Disclosure";
import { IconEdit } from "../../ui/icons";
import { toastDone } from "../../ui/Toast";
import { dateWords } from "../../words/dates";
import { IdentityForm, wrongField } from "../case-new/IdentityForm";
import style from "./Case.module.css";
import { spacedINS } from "./timeline";

const SEXES: Readonly<Record<string, () => string>> = { F: m.case_sex_f, M: m.case_sex_m, U: m.case_sex_u };

export function Identity({ one }: { one: CaseView }): ReactElement {
  const [editing, setEditing] = useState(false);
  const { person } = one;
  const facts: Array<[string, string]> = [
    [m.case_family_name(), person.family_name],
    [m.case_given_name(), person.given_name],
    [m.case_birth_date(), dateWords(person.birth_date)],
    [m.case_sex(), SEXES[person.sex ?? ""]?.() ?? ""],
    [m.case_ins(), spacedINS(person.ins ?? "")],
    [m.case_phone(), person.phone ?? ""],
    [m.case_address(), person.address ?? ""],
  ];
  return (
    <Disclosure title={m.case_identity()} level={2}>
      <dl className={style["facts"]}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={value === "" ? style["unknown"] : undefined}>{value === "" ? m.case_unknown() : value}</dd>
          </div>
        ))}
      </dl>
      {one.can.edit_person && !one.frozen && (
        <Button icon={<IconEdit size={18} />} onPress={() => setEditing(true)}>
          {m.case_identity_edit()}
        </Button>
      )}
      {editing && <EditIdentity one={one} onClose={() => setEditing(false)} />}
    </Disclosure>
  );
}

function EditIdentity({ one, onClose }: { one: CaseView; onClose: () => void }): ReactElement {
  const { display: _, ...known } = one.person;
  const [fields, setFields] = useState<IdentityFields>(known);
  const save = useAction(() => call("case.identity", { case: one.case, person: fields }));
  const wrong = wrongField(save.error);
  return (
    <FormDialog
      onClose={onClose}
      title={m.case_identity_edit()}
      wide
      act={m.case_save()}
      busy={save.busy}
      onAct={() => {
        void save.run().then((done) => {
          if (!done) return;
          toastDone(m.case_saved());
          onClose();
        });
      }}
      error={wrong === undefined ? save.error : undefined}
    >
      <IdentityForm value={fields} onChange={setFields} wrong={wrong} />
    </FormDialog>
  );
}
