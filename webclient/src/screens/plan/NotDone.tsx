/** Saying that an action was not done, and why: an action without a word would be lost. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import { m } from "../../paraglide/messages.js";
import { Radio, RadioGroup } from "../../ui/Choice";
import { FormDialog } from "../../ui/Dialog";
import { TextArea } from "../../ui/TextField";
import { reasonName, REASONS } from "../../words/plan";

export function NotDone({ dossier, action, title, onClose }: { dossier: string; action: string; title: string; onClose: () => void }): ReactElement {
  const [reason, setReason] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [pressed, setPressed] = useState(false);
  const say = useAction(async () => {
    await call("plan.status", { case: dossier, action, status: "NOT_DONE", reason: reason ?? "OTHER", ...(note.trim() === "" ? {} : { note: note.trim() }) });
    onClose();
  });
  const lacking = reason === "OTHER" && note.trim() === "";
  return (
    <FormDialog
      onClose={onClose}
      title={m.plan_not_done_title()}
      act={m.plan_not_done_record()}
      busy={say.busy}
      onAct={() => {
        setPressed(true);
        if (reason !== null && !lacking) void say.run();
      }}
      error={say.error}
    >
      <p>
        <strong>{title}</strong>
      </p>
      <RadioGroup label={m.plan_not_done_why()} value={reason} onChange={setReason} error={pressed && reason === null ? m.plan_not_done_choose() : undefined}>
        {REASONS.map((code) => (
          <Radio key={code} value={code}>
            {reasonName(code)}
          </Radio>
        ))}
      </RadioGroup>
      <TextArea label={m.plan_note()} {...(reason === "OTHER" ? {} : { need: "optional" as const })} rows={2} value={note} onChange={setNote} error={pressed && lacking ? m.plan_not_done_say() : undefined} />
    </FormDialog>
  );
}
