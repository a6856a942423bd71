/** Withdrawing a consent: its effect first, then one press. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ConsentRow, ConsentsView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Checkbox, CheckboxGroup, Radio, RadioGroup } from "../../ui/Choice";
import { Confirm } from "../../ui/Dialog";
import { TextArea } from "../../ui/TextField";
import { toastDone } from "../../ui/Toast";
import { roomTitle } from "../../words/places";
import style from "./Consents.module.css";
import { withdrawable } from "./register";

export function WithdrawConsent({ register, row, self, onClose }: { register: ConsentsView; row: ConsentRow; self: boolean; onClose: () => void }): ReactElement {
  const { name, party } = row.party;
  const scope = withdrawable(row);
  const [whole, setWhole] = useState("ALL");
  const [rooms, setRooms] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const some = whole === "SOME";
  const withdraw = useAction(() => call("consent.withdraw", { case: register.case, party, rooms: some ? rooms : [], ...(reason.trim() !== "" && { reason: reason.trim() }) }));
  return (
    <Confirm
      open
      onClose={onClose}
      title={self ? m.consent_leave_title() : m.consent_withdraw_title({ name })}
      act={self ? m.consent_leave() : m.consent_withdraw()}
      danger
      busy={withdraw.busy}
      error={withdraw.error}
      onConfirm={() => {
        if (some && rooms.length === 0) return;
        void withdraw.run().then((done) => {
          if (!done) return;
          toastDone(m.consent_withdrawn_done({ name }));
          onClose();
        });
      }}
    >
      <ul className={style["effects"]}>
        <li>{m.consent_withdraw_now()}</li>
        <li>{m.consent_withdraw_keys()}</li>
        <li>{m.consent_withdraw_past()}</li>
        <li>{m.consent_withdraw_told()}</li>
      </ul>
      {scope.length > 1 && (
        <RadioGroup label={m.consent_withdraw_scope()} value={whole} onChange={setWhole}>
          <Radio value="ALL">{m.consent_withdraw_all()}</Radio>
          <Radio value="SOME">{m.consent_withdraw_some()}</Radio>
        </RadioGroup>
      )}
      {some && (
        <CheckboxGroup label={m.consent_withdraw_some()} hideLabel value={rooms} onChange={setRooms} error={rooms.length === 0 ? m.consent_rooms_missing() : undefined}>
          {scope.map((one) => (
            <Checkbox key={one.room} value={one.room}>
              {roomTitle(one.title)}
            </Checkbox>
          ))}
        </CheckboxGroup>
      )}
      <TextArea label={m.consent_reason()} need="optional" hint={m.consent_reason_hint()} value={reason} onChange={setReason} rows={2} />
    </Confirm>
  );
}
