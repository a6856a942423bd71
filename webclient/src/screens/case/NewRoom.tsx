/** A new conversation of the case: its subject, with whom, and who will read it. */
import { useState, type ReactElement } from "react";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction, useView } from "../../core/hooks";
import type { CaseView, PartyView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Checkbox, CheckboxGroup, Radio, RadioGroup } from "../../ui/Choice";
import { FormDialog } from "../../ui/Dialog";
import { Notice } from "../../ui/States";
import { TextField } from "../../ui/TextField";
import { sayAll } from "../../words/lists";
import { partyLine } from "./Circle";

/** Who can be let in: their consent stands somewhere in the case. */
export function invitable(circle: readonly PartyView[], me: string): PartyView[] {
  return circle.filter((party) => party.party !== me && (party.consent === "ACTIVE" || party.consent === "AWAITED"));
}

/** Whom an audience proposes first. */
export function proposed(circle: readonly PartyView[], audience: string): string[] {
  return circle.filter((party) => (audience === "TEAM" ? party.category === "CARE_TEAM" : party.category === "ENTOURAGE" || party.attending === true)).map((party) => party.party);
}

export function NewRoom({ one, onClose }: { one: CaseView; onClose: () => void }): ReactElement {
  const status = useView("status");
  const me = status.state === "ready" ? (status.value.me?.user ?? "") : "";
  const [title, setTitle] = useState("");
  const [audience, setAudience] = useState("TEAM");
  const people = invitable(one.circle, me);
  const [members, setMembers] = useState<string[]>(() => proposed(people, "TEAM"));
  const [tried, setTried] = useState(false);
  const personIn = one.person.user !== "";

  const open = useAction(async () => {
    const { room } = await call("room.open", { case: one.case, title: title.trim(), audience, members });
    navigate(to.room(room));
  });

  const readers = [
    m.case_room_readers_me(),
    ...people.filter((party) => members.includes(party.party)).map((party) => party.name),
    ...(personIn && one.person.user !== me ? [one.person.display] : []),
  ];
  return (
    <FormDialog
      onClose={onClose}
      title={m.case_room_new()}
      wide
      act={m.case_room_open()}
      busy={open.busy}
      onAct={() => {
        setTried(true);
        if (title.trim() !== "") void open.run();
      }}
      error={open.error}
    >
      <TextField
        label={m.case_room_title()}
        hint={m.case_room_title_hint()}
        value={title}
        onChange={setTitle}
        need="required"
        error={tried && title.trim() === "" ? m.case_room_title_missing() : undefined}
      />
      <RadioGroup
        label={m.case_room_audience()}
        value={audience}
        onChange={(code) => {
          setAudience(code);
          setMembers(proposed(people, code));
        }}
      >
        <Radio value="TEAM">{m.case_room_audience_team()}</Radio>
        <Radio value="FAMILY">{m.case_room_audience_family()}</Radio>
      </RadioGroup>
      {people.length === 0 ? (
        <p>{m.case_room_members_none()}</p>
      ) : (
        <CheckboxGroup label={m.case_room_members()} hint={m.case_room_members_hint()} value={members} onChange={setMembers}>
          {people.map((party) => (
            <Checkbox key={party.party} value={party.party} detail={partyLine(party)}>
              {party.name}
            </Checkbox>
          ))}
        </CheckboxGroup>
      )}
      <div data-audience={audience}>
        <Notice tone={audience === "FAMILY" ? "warm" : "info"}>{m.case_room_readers({ names: sayAll(readers) })}</Notice>
      </div>
    </FormDialog>
  );
}
