/** The plan: what the person wants first, then what is done for it, the most urgent first. */
import { useState, type ReactElement } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useView } from "../../core/hooks";
import type { PlanView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { AudienceBadge } from "../../ui/Audience";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { IconAdd, IconInfo, IconPlan } from "../../ui/icons";
import { PersonsWords } from "../../ui/PersonsWords";
import { Select } from "../../ui/Select";
import { EmptyState, Notice } from "../../ui/States";
import { toastError } from "../../ui/Toast";
import { useNow } from "../../ui/When";
import { when } from "../../ui/when";
import { isOpen } from "../../words/plan";
import { Loaded } from "../Loaded";
import { moved, useReorder } from "../useReorder";
import { Who } from "../Who";
import { Action } from "./Action";
import { Add } from "./Add";
import { performers, reordered, shown, type Show } from "./filter";
import { IconFlag } from "./icons";
import style from "./Plan.module.css";

export default function Plan({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const plan = useView("plan", { case: id });
  return (
    <Loaded view={plan} title={m.plan_tab()} parent={to.case(id)}>
      {(value) => <Ready plan={value} />}
    </Loaded>
  );
}

function Ready({ plan }: { plan: PlanView }): ReactElement {
  const [adding, setAdding] = useState(false);
  const now = useNow();
  const { life_project: project, actions, can } = plan;
  const add = (
    <Button variant="primary" icon={<IconAdd size={20} />} onPress={() => setAdding(true)}>
      {m.plan_add()}
    </Button>
  );
  return (
    <Page
      title={m.plan_tab()}
      parent={to.case(plan.case)}
      under={
        <>
          <a href={to.case(plan.case)}>{plan.person}</a>
          <AudienceBadge code="PLAN" people={plan.audience.members.length} members={plan.audience.members} />
        </>
      }
      who={<Who audience={plan.audience} />}
    >
      {plan.state === "JOINING" && <Notice icon={<IconInfo size={22} />}>{m.plan_joining()}</Notice>}
      {plan.state === "AWAITING_HISTORY" && <Notice icon={<IconInfo size={22} />}>{m.plan_history_awaited()}</Notice>}
      {project === undefined ? (
        <p className={style["note"]}>{m.plan_no_project({ person: plan.person })}</p>
      ) : (
        <PersonsWords source={m.plan_said_by({ by: project.by, when: when(project.at, now) })}>{project.text}</PersonsWords>
      )}
      {actions.length === 0 ? (
        <EmptyState icon={<IconPlan size={28} />} title={m.plan_none()} {...(can.write && { action: add })}>
          {m.plan_none_do()}
        </EmptyState>
      ) : (
        <Actions plan={plan} add={can.write ? add : null} />
      )}
      {adding && <Add plan={plan} onClose={() => setAdding(false)} />}
    </Page>
  );
}

const SHOWS: ReadonlyArray<readonly [Show, () => string]> = [
  ["open", m.plan_show_open],
  ["mine", m.plan_show_mine],
  ["done", m.plan_show_done],
  ["all", m.plan_show_all],
];

function Actions({ plan, add }: { plan: PlanView; add: ReactElement | null }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const [show, setShow] = useState<Show>("open");
  const [performer, setPerformer] = useState("");
  const people = performers(plan.actions, languageTag(locale));
  // While one drags, the list follows the hand; then the core's own order counts again.
  const [order, setOrder] = useState<readonly string[]>();
  const all = order === undefined ? plan.actions : order.flatMap((id) => plan.actions.find((one) => one.action === id) ?? []);
  const list = shown(all, { show, performer });
  const keys = list.map((one) => one.action);
  const count = (which: Show): number => shown(plan.actions, { show: which, performer: "" }).length;

  const { dragged, row, handle } = useReorder(
    keys,
    (from, to_) => setOrder(reordered(all.map((one) => one.action), moved(keys, from, to_))),
    () => {
      if (order === undefined) return;
      call("plan.rank", { case: plan.case, order: [...order] })
        .catch(toastError)
        .finally(() => setOrder(undefined));
    },
  );
  const mayRank = plan.can.write && list.length > 1;

  return (
    <>
      <div className={style["filters"]}>
        <ToggleButtonGroup
          className={style["shows"] ?? ""}
          aria-label={m.plan_show()}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[show]}
          onSelectionChange={(chosen) => setShow(([...chosen][0] ?? "open") as Show)}
        >
          {SHOWS.map(([id, words]) => (
            <ToggleButton key={id} id={id} className={style["show"] ?? ""}>
              {words()} <span className={style["count"]}>{count(id)}</span>
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
        {people.length > 1 && (
          <Select
            label={m.plan_performer_filter()}
            hideLabel
            choices={[{ id: "*", label: m.plan_performer_all() }, ...people]}
            value={performer === "" ? "*" : performer}
            onChange={(id) => setPerformer(id === null || id === "*" ? "" : id)}
          />
        )}
      </div>
      {list.length === 0 ? (
        <EmptyState icon={<IconFlag size={28} />} title={emptyWords(show)} />
      ) : (
        <ol className={style["actions"]} aria-label={m.plan_actions()}>
          {list.map((action, i) => (
            <li key={action.action} {...row(action.action)} className={cx(style["row"], dragged === action.action && style["dragged"])}>
              <Action plan={plan} action={action} place={i + 1} moves={mayRank && isOpen(action.status) ? handle(action.action) : undefined} />
            </li>
          ))}
        </ol>
      )}
      {add !== null && <div className={style["add"]}>{add}</div>}
    </>
  );
}

const emptyWords = (show: Show): string => (show === "mine" ? m.plan_none_mine() : show === "done" ? m.plan_none_done() : m.plan_none_open());

