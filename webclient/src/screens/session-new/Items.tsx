/** The agenda of a session being planned: questions in their order. */
import { useId, type ReactElement } from "react";
import type { CaseCard } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button, IconButton } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { IconAdd, IconDelete } from "../../ui/icons";
import { Select } from "../../ui/Select";
import { TextArea } from "../../ui/TextField";
import { Announce } from "../../ui/VisuallyHidden";
import { Handle } from "../Handle";
import { moved, useReorder } from "../useReorder";
import { newItem, withItem, withoutItem, type Form, type FormItem, type Problem } from "./form";
import style from "./Plan.module.css";
import type { Cases } from "./useCases";

const MINUTES = [5, 10, 15, 20, 25, 30, 40, 45, 60];

export interface ItemsProps {
  form: Form;
  change: (update: (form: Form) => Form) => void;
  cards: readonly CaseCard[];
  cases: Cases;
  me: string;
  problems: ReadonlyMap<string, Problem>;
}

export function Items({ form, change, cards, cases, me, problems }: ItemsProps): ReactElement {
  const keys = form.items.map((item) => item.key);
  const { dragged, row, handle } = useReorder(keys, (from, to) => change((f) => ({ ...f, items: moved(f.items, from, to) })));
  const last = form.items.at(-1);
  return (
    <>
      <ol className={style["items"]}>
        {form.items.map((item, i) => (
          <li key={item.key} {...row(item.key)} className={cx(style["item"], dragged === item.key && style["dragged"])}>
            <div className={style["itemHead"]}>
              <span className={style["number"]} aria-hidden>
                {i + 1}
              </span>
              <h3 className={style["itemTitle"]}>{m.session_item_n({ number: i + 1 })}</h3>
              {form.items.length > 1 && (
                <>
                  {item.room === "" && (
                    <IconButton label={m.session_item_remove({ number: i + 1 })} icon={<IconDelete size={20} aria-hidden />} variant="danger" onPress={() => change((f) => withoutItem(f, item.key))} />
                  )}
                  <Handle label={m.session_item_move({ number: i + 1, count: form.items.length })} moves={handle(item.key)} />
                </>
              )}
            </div>
            <Fields item={item} cards={cards} cases={cases} problem={problems.get(item.key)} onChange={(fields) => change((f) => ({ ...f, items: f.items.map((one) => (one.key === item.key ? { ...one, ...fields } : one)) }))} />
          </li>
        ))}
      </ol>
      <Announce>{dragged === undefined ? "" : m.session_item_n({ number: keys.indexOf(dragged) + 1 })}</Announce>
      <Button icon={<IconAdd size={20} />} onPress={() => change((f) => withItem(f, newItem(last?.case ?? "", last?.requester ?? me)))}>
        {m.session_item_add()}
      </Button>
    </>
  );
}

function Fields({ item, cards, cases, problem, onChange }: { item: FormItem; cards: readonly CaseCard[]; cases: Cases; problem: Problem | undefined; onChange: (fields: Partial<FormItem>) => void }): ReactElement {
  const known = cases.known.get(item.case);
  const person = cards.find((card) => card.case === item.case)?.person ?? "";
  const askers = (known?.consents?.rows ?? []).filter((row) => row.party.consent !== "REFUSED").map((row) => ({ id: row.party.party, label: row.party.name }));
  const project = known?.dossier?.life_project?.text;
  const hint = useId();
  return (
    <div className={style["fields"]}>
      {cards.length > 1 && item.room === "" && (
        <Select
          label={m.session_item_case()}
          choices={cards.map((card) => ({ id: card.case, label: card.person }))}
          value={item.case === "" ? null : item.case}
          onChange={(dossier) => onChange({ case: dossier ?? "" })}
          error={problem === "item_case" ? m.session_problem_case() : undefined}
        />
      )}
      <TextArea
        label={m.session_item_question()}
        rows={1}
        placeholder={m.session_item_question_example()}
        value={item.question}
        onChange={(question) => onChange({ question })}
        error={problem === "item_question" ? m.session_problem_question() : problem === "item_people" ? m.session_problem_people() : undefined}
        maxLength={300}
      />
      <TextArea label={m.session_item_context()} need="optional" rows={2} hint={m.session_item_context_hint()} value={item.context} onChange={(context) => onChange({ context })} />
      <div className={style["wish"]}>
        <TextArea
          label={person === "" ? m.session_item_wish_nobody() : m.session_item_wish({ person })}
          need="optional"
          rows={2}
          hint={m.session_item_wish_hint()}
          value={item.wish}
          onChange={(wish) => onChange({ wish })}
        />
        {item.wish === "" && project !== undefined && (
          <Button small variant="quiet" aria-describedby={hint} onPress={() => onChange({ wish: project })}>
            {m.session_item_wish_take()}
          </Button>
        )}
        <span id={hint} hidden>
          {project}
        </span>
      </div>
      <div className={style["pair"]}>
        {item.room === "" && askers.length > 0 && (
          <Select label={m.session_item_requester()} choices={askers} value={item.requester === "" ? null : item.requester} onChange={(requester) => onChange({ requester: requester ?? "" })} />
        )}
        <Select
          label={m.session_item_minutes()}
          choices={[...new Set([...MINUTES, item.minutes])].toSorted((a, b) => a - b).map((n) => ({ id: String(n), label: m.session_minutes({ count: n }) }))}
          value={String(item.minutes)}
          onChange={(minutes) => onChange({ minutes: Number(minutes ?? 15) })}
        />
      </div>
    </div>
  );
}
