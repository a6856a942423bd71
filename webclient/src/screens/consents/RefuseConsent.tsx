/** The person does not want somebody to take part. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ConsentRow, ConsentsView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Confirm } from "../../ui/Dialog";
import { LoadingState } from "../../ui/States";
import { TextArea } from "../../ui/TextField";
import { toastDone } from "../../ui/Toast";
import { today } from "../../ui/when";

const DateField = lazy(async () => ({ default: (await import("../../ui/DateTime")).DateField }));

export function RefuseConsent({ register, row, onClose }: { register: ConsentsView; row: ConsentRow; onClose: () => void }): ReactElement {
  const { name, party } = row.party;
  const [date, setDate] = useState(today);
  const [note, setNote] = useState("");
  const refuse = useAction(() => call("consent.refuse", { case: register.case, party, date: date === "" ? today() : date, ...(note.trim() !== "" && { note: note.trim() }) }));
  return (
    <Confirm
      open
      onClose={onClose}
      title={m.consent_refuse_title({ name })}
      act={m.consent_refuse_do()}
      busy={refuse.busy}
      error={refuse.error}
      onConfirm={() => {
        void refuse.run().then((done) => {
          if (!done) return;
          toastDone(m.consent_refused_done());
          onClose();
        });
      }}
    >
      <p>{m.consent_refuse_effect({ name })}</p>
      <Suspense fallback={<LoadingState lines={1} />}>
        <DateField label={m.consent_refuse_date()} value={date} onChange={setDate} max={today()} />
      </Suspense>
      <TextArea label={m.consent_note()} need="optional" hint={m.consent_note_hint()} value={note} onChange={setNote} rows={2} />
    </Confirm>
  );
}
