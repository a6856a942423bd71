/** Adding an action by hand: what, who, when, to what end. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { PlanView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { FormDialog } from "../../ui/Dialog";
import { Select } from "../../ui/Select";
import { TextArea, TextField } from "../../ui/TextField";
import { roleName } from "../../words/roles";

const DateField = lazy(() => import("../../ui/DateTime").then(({ DateField: component }) => ({ default: component })));

export function Add({ plan, onClose }: { plan: PlanView; onClose: () => void }): ReactElement {
  const [fields, setFields] = useState({ text: "", performer: "", due: "", goal: "", problem: "", criterion: "" });
  const [pressed, setPressed] = useState(false);
  const set = (change: Partial<typeof fields>): void => setFields((before) => ({ ...before, ...change }));
  const add = useAction(async () => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== ""));
    await call("plan.add", { case: plan.case, performer: "", text: "", ...given });
    onClose();
  });
  const missing = fields.text.trim() === "";
  return (
    <FormDialog
      onClose={onClose}
      title={m.plan_add_title()}
      act={m.plan_add()}
      busy={add.busy}
      onAct={() => {
        setPressed(true);
        if (!missing) void add.run();
      }}
      error={add.error}
    >
      <AudienceBadge code="PLAN" people={plan.audience.members.length} members={plan.audience.members} />
      <TextArea label={m.plan_add_what()} rows={2} placeholder={m.minutes_action_example()} value={fields.text} onChange={(text) => set({ text })} error={pressed && missing ? m.plan_add_what_missing() : undefined} />
      <Select
        label={m.minutes_performer()}
        need="optional"
        choices={plan.audience.members.map((one) => ({ id: one.user, label: one.name, detail: roleName(one.role) }))}
        value={fields.performer === "" ? null : fields.performer}
        onChange={(performer) => set({ performer: performer ?? "" })}
        hint={m.plan_add_who_hint()}
      />
      <Suspense>
        <DateField label={m.minutes_due()} need="optional" value={fields.due} onChange={(due) => set({ due })} />
      </Suspense>
      <TextField label={m.minutes_goal()} need="optional" value={fields.goal} onChange={(goal) => set({ goal })} />
      <TextField label={m.plan_criterion()} need="optional" hint={m.plan_criterion_hint()} value={fields.criterion} onChange={(criterion) => set({ criterion })} />
    </FormDialog>
  );
}
