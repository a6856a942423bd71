/** Who is around the person: from the network's directory, or without an account. */
import { useState, type ReactElement } from "react";
import { useView } from "../../core/hooks";
import type { DirectoryRow, PartyFields } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { Checkbox } from "../../ui/Choice";
import { FormDialog } from "../../ui/Dialog";
import { IconAdd, IconDelete } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { Select } from "../../ui/Select";
import { Disclosure } from "../../ui/Disclosure";
import { SearchField, TextField } from "../../ui/TextField";
import { roleChoices, roleName, usualCategory } from "../../words/roles";
import { found } from "../network/find";
import style from "./CaseNew.module.css";
import { change, useDraftCase, type Around, type Said } from "./draft";

/** A directory's row as somebody of the circle, with the usual category of their role. */
export function fromDirectory(row: DirectoryRow): PartyFields {
  return {
    party: row.user,
    name: row.name,
    role: row.role,
    category: usualCategory(row.role),
    ...(row.organisation === undefined || row.organisation === "" ? {} : { organisation: row.organisation }),
    ...(row.role === "GENERAL_PRACTITIONER" ? { attending: true } : {}),
  };
}

/** What a form proposes before anybody was asked: the law asks no more than non-opposition of the team. */
const saidFirst = (party: PartyFields): Said => (party.category === "CARE_TEAM" && party.party !== "" ? "GIVE" : "LATER");

/** From how many members on one looks for a name. */
const MANY = 8;

export function StepCircle({ me }: { me: string }): ReactElement {
  const { around, person } = useDraftCase();
  const network = useView("network");
  const [adding, setAdding] = useState(false);
  const [typed, setTyped] = useState("");
  const members = network.state === "ready" ? network.value.members.filter((row) => row.kind !== "PERSON" && row.user !== me && row.user !== person.user) : [];
  const chosen = new Set(around.map((one) => one.party.party));
  const add = (party: PartyFields): void => change({ around: [...around, { key: crypto.randomUUID(), party, said: saidFirst(party) }].toSorted((a, b) => a.party.name.localeCompare(b.party.name, "fr")) });
  const toggle = (row: DirectoryRow, on: boolean): void => {
    if (on) add(fromDirectory(row));
    else change({ around: around.filter((one) => one.party.party !== row.user) });
  };
  return (
    <div className={style["form"]}>
      <p>{m.newcase_circle_lead()}</p>
      {members.length > MANY && <SearchField label={m.newcase_circle_find()} placeholder={m.newcase_circle_find()} value={typed} onChange={setTyped} />}
      {members.length > 0 && (
        <fieldset className={style["directory"]}>
          <legend className={style["legend"]}>{m.newcase_circle_add()}</legend>
          {found(members, typed, undefined).map((row) => (
            <Checkbox key={row.user} checked={chosen.has(row.user)} onChange={(on) => toggle(row, on)} detail={[roleName(row.role), row.organisation ?? ""].filter((s) => s !== "").join(" · ")}>
              {row.name}
            </Checkbox>
          ))}
        </fieldset>
      )}
      <span>
        <Button icon={<IconAdd size={18} />} onPress={() => setAdding(true)}>
          {m.newcase_circle_other()}
        </Button>
      </span>
      <h3>{m.newcase_circle_chosen({ count: around.length })}</h3>
      {around.length === 0 ? (
        <p className={style["soft"]}>{m.newcase_circle_none()}</p>
      ) : (
        <List label={m.newcase_step_circle()}>
          {around.map((one) => (
            <AroundRow key={one.key} one={one} />
          ))}
        </List>
      )}
      {adding && <Other onClose={() => setAdding(false)} onAdd={add} />}
    </div>
  );
}

const replace = (around: readonly Around[], key: string, party: PartyFields): Around[] => around.map((one) => (one.key === key ? Object.assign({}, one, { party }) : one));

function AroundRow({ one }: { one: Around }): ReactElement {
  const around = useDraftCase((draft) => draft.around);
  const { party } = one;
  const set = (changes: Partial<PartyFields>): void => change({ around: replace(around, one.key, { ...party, ...changes }) });
  const family = party.category === "ENTOURAGE" || party.category === "OUTSIDE_CARE_TEAM";
  return (
    <>
      <Row
        leading={<Avatar name={party.name} id={party.party === "" ? one.key : party.party} />}
        title={party.name}
        detail={[roleName(party.role), ...(party.organisation === undefined ? [] : [party.organisation]), ...(party.party === "" ? [m.newcase_circle_no_account()] : [])].join(" · ")}
        actions={
          <IconButton
            label={m.ui_remove({ what: party.name })}
            icon={<IconDelete size={20} aria-hidden />}
            variant="danger"
            onPress={() => change({ around: around.filter((other) => other.key !== one.key) })}
          />
        }
      />
      <li className={style["particulars"]}>
        <Disclosure title={m.newcase_duties({ name: party.name })} small>
          {party.category === "CARE_TEAM" && (
            <Checkbox checked={party.attending ?? false} onChange={(attending) => set({ attending })}>
              {m.case_attending()}
            </Checkbox>
          )}
          {family && (
            <>
              <Checkbox checked={party.trusted ?? false} onChange={(trusted) => set({ trusted })}>
                {m.case_trusted()}
              </Checkbox>
              <Checkbox checked={party.emergency ?? false} onChange={(emergency) => set({ emergency })}>
                {m.case_emergency()}
              </Checkbox>
            </>
          )}
          <div className={style["two"]}>
            <TextField label={m.newcase_circle_relation()} need="optional" value={party.relation ?? ""} onChange={(relation) => set({ relation })} />
            <TextField label={m.newcase_circle_phone()} need="optional" type="tel" value={party.phone ?? ""} onChange={(phone) => set({ phone })} />
          </div>
        </Disclosure>
      </li>
    </>
  );
}

/** Somebody without an account: in the circle by name, reading nothing. */
export function Other({ onClose, onAdd }: { onClose: () => void; onAdd: (party: PartyFields) => void }): ReactElement {
  const tag = languageTag(usePreferences((p) => p.locale));
  const [name, setName] = useState("");
  const [role, setRole] = useState<string | null>(null);
  const ready = name.trim() !== "" && role !== null;
  return (
    <FormDialog
      onClose={onClose}
      title={m.newcase_circle_other()}
      act={m.newcase_circle_put()}
      isDisabled={!ready}
      onAct={() => {
        if (role === null) return;
        onAdd({ party: "", name: name.trim(), role, category: usualCategory(role) });
        onClose();
      }}
    >
      <TextField label={m.newcase_circle_name()} need="required" value={name} onChange={setName} autoComplete="off" />
      <Select label={m.newcase_circle_role()} need="required" choices={roleChoices(tag)} value={role} onChange={setRole} />
    </FormDialog>
  );
}
