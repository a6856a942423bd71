/** Who may collect consents on the person's behalf. */
import type { ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ConsentRow, ConsentsView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Confirm } from "../../ui/Dialog";
import { toastDone } from "../../ui/Toast";

export function CollectorChange({ register, row, onClose }: { register: ConsentsView; row: ConsentRow; onClose: () => void }): ReactElement {
  const { name, party } = row.party;
  const add = !row.collector;
  const change = useAction(() => call("consent.collector", { case: register.case, party, add }));
  return (
    <Confirm
      open
      onClose={onClose}
      title={add ? m.consent_collector_add_title({ name }) : m.consent_collector_remove_title({ name })}
      act={add ? m.consent_collector_add() : m.consent_collector_remove()}
      danger={!add}
      busy={change.busy}
      error={change.error}
      onConfirm={() => {
        void change.run().then((done) => {
          if (!done) return;
          toastDone(m.consent_changed_done());
          onClose();
        });
      }}
    >
      <p>{add ? m.consent_collector_add_effect({ name }) : m.consent_collector_remove_effect({ name })}</p>
    </Confirm>
  );
}
