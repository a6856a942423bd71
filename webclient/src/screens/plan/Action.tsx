/** One action: what, who, when, and what I can say about it. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ActionView, PlanView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { cx } from "../../ui/cx";
import { IconCheck } from "../../ui/icons";
import { ErrorLine } from "../../ui/States";
import { useNow } from "../../ui/When";
import { civilDate, dayWords } from "../../ui/when";
import { actionStatus, isOpen, reasonName } from "../../words/plan";
import { Handle } from "../Handle";
import type { Handle as Moves } from "../useReorder";
import { isLate } from "./filter";
import { History, Provenance } from "./History";
import { IconGoal, IconStart } from "./icons";
import { NotDone } from "./NotDone";
import style from "./Plan.module.css";

export interface ActionProps {
  plan: PlanView;
  action: ActionView;
  /** Place in the list that is shown. */
  place: number;
  moves?: Moves | undefined;
}

export function Action({ plan, action, place, moves }: ActionProps): ReactElement {
  const today = civilDate(useNow());
  const { text, tone } = actionStatus(action.status);
  const late = isLate(action, today);
  return (
    <div className={cx(style["action"], !isOpen(action.status) && style["over"])} data-waits={action.can_accept !== undefined && action.can_accept !== "" ? "" : undefined}>
      <div className={style["actionHead"]}>
        <span className={style["rank"]} aria-hidden>
          {place}
        </span>
        <h2 className={style["actionTitle"]}>{action.text}</h2>
        {moves !== undefined && <Handle label={m.plan_move({ action: action.text, place })} moves={moves} />}
      </div>
      <div className={style["facts"]}>
        <span className={style["performer"]}>
          {action.performer_name !== undefined && action.performer_name !== "" ? (
            <>
              <Avatar name={action.performer_name} id={action.performer} size="s" />
              {action.mine ? m.plan_performer_me() : action.performer_name}
            </>
          ) : (
            m.plan_performer_none()
          )}
        </span>
        {action.due !== undefined && action.due !== "" && (
          <span className={cx(late && style["late"])}>{late ? m.home_due_late({ day: dayWords(action.due, today) }) : m.home_due({ day: dayWords(action.due, today) })}</span>
        )}
        <Chip tone={tone}>{text}</Chip>
      </div>
      {action.goal !== undefined && action.goal !== "" && (
        <p className={style["goal"]}>
          <IconGoal size={16} aria-hidden /> {action.goal}
        </p>
      )}
      {action.status === "NOT_DONE" && action.reason !== undefined && action.reason !== "" && (
        <p className={style["reason"]}>
          {reasonName(action.reason)}
          {action.note !== undefined && action.note !== "" && ` · ${action.note}`}
        </p>
      )}
      <Agreed action={action} person={plan.person} />
      <Acts plan={plan} action={action} />
      {action.provenance !== undefined && <Provenance provenance={action.provenance} />}
      <History action={action} />
    </div>
  );
}

/** Nobody is given an action silently: who has agreed, and who has not yet. */
function Agreed({ action, person }: { action: ActionView; person: string }): ReactElement | null {
  if (!isOpen(action.status)) return null;
  const performer = action.accepted_by.includes("PERFORMER");
  const byPerson = action.accepted_by.includes("PERSON");
  if (performer && byPerson) return null;
  const waits = [...(performer ? [] : [action.performer_name ?? m.plan_somebody()]), ...(byPerson ? [] : [person])];
  return <p className={style["note"]}>{m.plan_awaits({ names: waits.join(", ") })}</p>;
}

function Acts({ plan, action }: { plan: PlanView; action: ActionView }): ReactElement | null {
  const [asking, setAsking] = useState<"NOT_DONE" | "CANCELLED">();
  const accept = useAction((as: string) => call("plan.accept", { case: plan.case, action: action.action, as }));
  const move = useAction((status: string) => call("plan.status", { case: plan.case, action: action.action, status }));
  const may = (status: string): boolean => action.can_move.includes(status) && action.status !== status;
  const { can_accept: as = "" } = action;
  const started = action.status === "IN_PROGRESS";
  if (as === "" && action.can_move.length === 0) return null;
  const error = accept.error ?? move.error;
  return (
    <>
      <div className={style["acts"]}>
        {as !== "" && (
          <Button variant="primary" icon={<IconCheck size={18} />} busy={accept.busy} onPress={() => void accept.run(as)}>
            {as === "PERSON" ? m.plan_accept_person() : m.plan_accept_performer()}
          </Button>
        )}
        {may("IN_PROGRESS") && !started && (
          <Button icon={<IconStart size={18} />} busy={move.busy} onPress={() => void move.run("IN_PROGRESS")}>
            {isOpen(action.status) ? m.plan_start() : m.plan_again()}
          </Button>
        )}
        {may("DONE") && (
          <Button variant={started ? "primary" : "secondary"} icon={<IconCheck size={18} />} busy={move.busy} onPress={() => void move.run("DONE")}>
            {m.plan_done()}
          </Button>
        )}
        {may("NOT_DONE") && (
          <Button variant="quiet" onPress={() => setAsking("NOT_DONE")}>
            {m.plan_not_done()}
          </Button>
        )}
        {may("CANCELLED") && (
          <Button variant="quiet" onPress={() => setAsking("CANCELLED")}>
            {m.plan_cancel()}
          </Button>
        )}
      </div>
      {error !== undefined && <ErrorLine error={error} />}
      {asking === "NOT_DONE" && <NotDone dossier={plan.case} action={action.action} title={action.text} onClose={() => setAsking(undefined)} />}
      <Confirm
        open={asking === "CANCELLED"}
        onClose={() => setAsking(undefined)}
        title={m.plan_cancel_title()}
        act={m.plan_cancel()}
        danger
        busy={move.busy}
        error={move.error}
        onConfirm={() => void move.run("CANCELLED").then((done) => setAsking(done ? undefined : "CANCELLED"))}
      >
        <p>{m.plan_cancel_effect()}</p>
      </Confirm>
    </>
  );
}
