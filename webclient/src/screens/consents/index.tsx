/** The register: who takes part, with what consent, and how each one ends. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import { useView } from "../../core/hooks";
import type { ConsentRow, ConsentsView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { IconAdd, IconTeam, IconWarning } from "../../ui/icons";
import { EmptyState, Notice } from "../../ui/States";
import { dateWords } from "../../words/dates";
import { Loaded } from "../Loaded";
import { AddParty } from "./AddParty";
import { CollectorChange } from "./CollectorChange";
import style from "./Consents.module.css";
import { GiveConsent } from "./GiveConsent";
import { Participant, type Act } from "./Participant";
import { RefuseConsent } from "./RefuseConsent";
import { WithdrawConsent } from "./WithdrawConsent";

export default function Consents({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const view = useView("consents", { case: id });
  return (
    <Loaded view={view} title={m.consent_title()} parent={to.case(id)}>
      {(value) => <Ready register={value} />}
    </Loaded>
  );
}

interface Doing {
  readonly act: Act;
  readonly party: string;
}

function Ready({ register }: { register: ConsentsView }): ReactElement {
  const status = useView("status");
  const me = status.state === "ready" ? status.value.me : undefined;
  const [adding, setAdding] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  const manages = register.can.manage_consents;
  const own = me?.kind === "PERSON";
  // Somebody just added appears with the next snapshot; the act waits for them.
  const row = doing === undefined ? undefined : register.rows.find((one) => one.party.party === doing.party);
  const done = (): void => setDoing(undefined);
  return (
    <Page
      title={m.consent_title()}
      tab={m.consent_tab()}
      parent={to.case(register.case)}
      {...(manages && {
        actions: (
          <Button small icon={<IconAdd size={20} />} onPress={() => setAdding(true)}>
            {m.consent_add()}
          </Button>
        ),
      })}
    >
      <p>{own ? m.consent_lead_person() : m.consent_lead({ person: register.person })}</p>
      {register.warn.includes("FEW_COLLECTORS") && (
        <Notice tone="warm" icon={<IconWarning size={22} />}>
          {m.consent_few()}
        </Notice>
      )}
      {register.rows.length === 0 ? (
        <EmptyState
          icon={<IconTeam size={28} />}
          title={m.consent_none({ person: register.person })}
          {...(manages && { action: <Button variant="primary" onPress={() => setAdding(true)}>{m.consent_add()}</Button> })}
        />
      ) : (
        <ul className={style["rows"]}>
          {register.rows.map((one) => (
            <Participant key={one.party.party} row={one} me={me?.user ?? ""} manages={manages} onAct={(act) => setDoing({ act, party: one.party.party })} />
          ))}
        </ul>
      )}
      {register.leaflet !== undefined && (
        <p className={style["soft"]}>{m.case_leaflet({ version: register.leaflet.version, date: dateWords(register.leaflet.date), by: register.leaflet.by })}</p>
      )}
      {adding && (
        <AddParty
          register={register}
          onClose={() => setAdding(false)}
          onAdded={(party, account) => {
            setAdding(false);
            if (account) setDoing({ act: "give", party });
          }}
        />
      )}
      {row !== undefined && doing !== undefined && <Dialogs register={register} row={row} act={doing.act} self={row.party.party === me?.user} onClose={done} />}
    </Page>
  );
}

function Dialogs({ register, row, act, self, onClose }: { register: ConsentsView; row: ConsentRow; act: Act; self: boolean; onClose: () => void }): ReactElement {
  switch (act) {
    case "give":
      return <GiveConsent register={register} row={row} onClose={onClose} />;
    case "withdraw":
      return <WithdrawConsent register={register} row={row} self={self} onClose={onClose} />;
    case "refuse":
      return <RefuseConsent register={register} row={row} onClose={onClose} />;
    default:
      return <CollectorChange register={register} row={row} onClose={onClose} />;
  }
}
