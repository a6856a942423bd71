/** A new account from a code that the network gave: who one is, and the keys are made here. */
import { useState, type ReactElement } from "react";
import { Form } from "react-aria-components";
import { Mark } from "../../app/Mark";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { Button } from "../../ui/Button";
import { ComboBox, Select } from "../../ui/Select";
import { ErrorLine } from "../../ui/States";
import { TextField } from "../../ui/TextField";
import { roleChoices } from "../../words/roles";
import style from "../arrival/Arrival.module.css";

const KINDS = ["PROFESSIONAL", "PERSON", "RELATED", "VOLUNTEER"] as const;

export function Enrol({ onArrived }: { onArrived: () => void }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  // The code stands behind the #, which a browser never sends.
  const [code, setCode] = useState(() => (location.pathname === to.enrol() ? decodeURIComponent(location.hash.slice(1)) : ""));
  const [kind, setKind] = useState<string>("PROFESSIONAL");
  const [name, setName] = useState("");
  const [role, setRole] = useState<string | null>(null);
  const [organisation, setOrganisation] = useState("");
  const [tried, setTried] = useState(false);
  const enrol = useAction(async () => {
    await call("enrol", { code: code.trim(), kind, profile: { name: name.trim(), role: role ?? "OTHER", organisation: organisation.trim() } });
    navigate(to.home(), { replace: true });
    onArrived();
  });
  const missing = (value: string): { error?: string } => (tried && value.trim() === "" ? { error: m.enrol_needed() } : {});
  const kinds: Record<(typeof KINDS)[number], string> = {
    PROFESSIONAL: m.enrol_professional(),
    PERSON: m.enrol_person(),
    RELATED: m.enrol_related(),
    VOLUNTEER: m.enrol_volunteer(),
  };
  return (
    <main className={style["arrival"]}>
      <p className={style["mark"]}>
        <Mark />
      </p>
      <div className={style["who"]}>
        <h1>{m.enrol_title()}</h1>
        <p className={style["role"]}>{m.enrol_lead()}</p>
      </div>
      <Form
        className={style["form"] ?? ""}
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (code.trim() !== "" && name.trim() !== "") void enrol.run();
        }}
      >
        <TextField label={m.enrol_code()} hint={m.enrol_code_hint()} need="required" value={code} onChange={setCode} autoComplete="off" {...missing(code)} />
        <TextField label={m.enrol_name()} need="required" value={name} onChange={setName} autoComplete="name" {...missing(name)} />
        <Select label={m.enrol_kind()} choices={KINDS.map((id) => ({ id, label: kinds[id] }))} value={kind} onChange={(id) => setKind(id ?? "PROFESSIONAL")} />
        <ComboBox label={m.enrol_role()} choices={roleChoices(languageTag(locale))} value={role} onChange={setRole} />
        <TextField label={m.enrol_organisation()} value={organisation} onChange={setOrganisation} autoComplete="organization" />
        {enrol.error !== undefined && <ErrorLine error={enrol.error} />}
        <Button type="submit" variant="primary" busy={enrol.busy}>
          {m.enrol_do()}
        </Button>
      </Form>
    </main>
  );
}
