/** Somebody new around the person: from the directory, or without an account. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ConsentsView, PartyFields } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { FormDialog } from "../../ui/Dialog";
import { IconAdd } from "../../ui/icons";
import { ComboBox } from "../../ui/Select";
import { toastDone } from "../../ui/Toast";
import { roleName } from "../../words/roles";
import { fromDirectory, Other } from "../case-new/StepCircle";

export interface AddPartyProps {
  register: ConsentsView;
  onClose: () => void;
  /** `account`: they can be given access at once. */
  onAdded: (party: string, account: boolean) => void;
}

export function AddParty({ register, onClose, onAdded }: AddPartyProps): ReactElement {
  const [chosen, setChosen] = useState<string | null>(null);
  const [other, setOther] = useState(false);
  const add = useAction(async (fields: PartyFields) => {
    const { party } = await call("circle.party", { case: register.case, party: fields });
    toastDone(m.consent_added_done({ name: fields.name }));
    onAdded(party, fields.party !== "");
  });
  if (other) return <Other onClose={() => setOther(false)} onAdd={(party) => void add.run(party)} />;
  const row = register.directory.find((one) => one.user === chosen);
  return (
    <FormDialog
      onClose={onClose}
      title={m.consent_add()}
      act={m.newcase_circle_put()}
      isDisabled={row === undefined}
      busy={add.busy}
      onAct={() => row !== undefined && void add.run(fromDirectory(row))}
      error={add.error}
    >
      <ComboBox
        label={m.consent_add_from()}
        choices={register.directory.map((one) => ({ id: one.user, label: one.name, detail: [roleName(one.role), one.organisation ?? ""].filter((s) => s !== "").join(" · ") }))}
        value={chosen}
        onChange={setChosen}
      />
      <div>
        <p>{m.consent_add_or()}</p>
        <Button icon={<IconAdd size={18} />} onPress={() => setOther(true)}>
          {m.newcase_circle_other()}
        </Button>
      </div>
    </FormDialog>
  );
}
