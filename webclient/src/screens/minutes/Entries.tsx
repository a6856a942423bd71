/** Decisions and actions: lists that several people write at once. */
import { lazy, Suspense, useSyncExternalStore, type ReactElement } from "react";
import type * as Y from "yjs";
import { addEntry, entryText, entryValue, listOf, removeEntry, setValue, type ListName } from "../../coedit/draft";
import type { Member } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button, IconButton } from "../../ui/Button";
import { IconAdd, IconDelete } from "../../ui/icons";
import { Select } from "../../ui/Select";
import style from "./Minutes.module.css";
import { SharedText, type SharedTextProps } from "./SharedText";

const DateField = lazy(() => import("../../ui/DateTime").then(({ DateField: component }) => ({ default: component })));

/** What a field of the draft is given by whoever holds it together. */
export type Wiring = (field: string) => Pick<SharedTextProps, "writers" | "onFocus" | "readOnly">;

interface EntriesProps {
  doc: Y.Doc;
  wiring: Wiring;
  readOnly: boolean;
}

/** Entries of a list, drawn again when anything in it changes. */
function useEntries(doc: Y.Doc, name: ListName): ReadonlyArray<Y.Map<unknown>> {
  const list = listOf(doc, name);
  const mark = useSyncExternalStore(
    (listener) => {
      list.observeDeep(listener);
      return () => list.unobserveDeep(listener);
    },
    // Texts draw themselves; what matters here are entries and values.
    () => list.map((entry) => ["id", "performer", "due"].map((field) => entryValue(entry, field as "id")).join("|")).join("\n"),
  );
  return mark === "" ? [] : list.toArray();
}

export function Decisions({ doc, wiring, readOnly }: EntriesProps): ReactElement {
  const entries = useEntries(doc, "decisions");
  return (
    <>
      <ol className={style["entries"]}>
        {entries.map((entry, i) => {
          const id = entryValue(entry, "id");
          const text = entryText(entry, "text");
          return text === undefined ? null : (
            <li key={id} className={style["entry"]}>
              <span className={style["number"]} aria-hidden>
                {i + 1}
              </span>
              <SharedText text={text} rows={1} label={m.minutes_decision_n({ number: i + 1 })} hideLabel placeholder={m.minutes_decision_example()} {...wiring(`decision ${id}`)} />
              {!readOnly && <IconButton label={m.minutes_decision_remove({ number: i + 1 })} icon={<IconDelete size={20} aria-hidden />} variant="danger" onPress={() => removeEntry(doc, "decisions", id)} />}
            </li>
          );
        })}
      </ol>
      {!readOnly && (
        <Button small icon={<IconAdd size={18} />} onPress={() => addEntry(doc, "decisions", crypto.randomUUID())}>
          {m.minutes_decision_add()}
        </Button>
      )}
    </>
  );
}

export function Actions({ doc, wiring, readOnly, performers }: EntriesProps & { performers: readonly Member[] }): ReactElement {
  const entries = useEntries(doc, "actions");
  return (
    <>
      <ol className={style["entries"]}>
        {entries.map((entry, i) => (
          <Action key={entryValue(entry, "id")} doc={doc} entry={entry} number={i + 1} wiring={wiring} readOnly={readOnly} performers={performers} />
        ))}
      </ol>
      {!readOnly && (
        <Button small icon={<IconAdd size={18} />} onPress={() => addEntry(doc, "actions", crypto.randomUUID())}>
          {m.minutes_action_add()}
        </Button>
      )}
    </>
  );
}

function Action({ doc, entry, number, wiring, readOnly, performers }: EntriesProps & { entry: Y.Map<unknown>; number: number; performers: readonly Member[] }): ReactElement | null {
  const id = entryValue(entry, "id");
  const [text, goal] = [entryText(entry, "text"), entryText(entry, "goal")];
  if (text === undefined || goal === undefined) return null;
  const performer = entryValue(entry, "performer");
  const due = entryValue(entry, "due");
  const known = performers.some((one) => one.user === performer);
  const choices = [
    ...performers.map((one) => ({ id: one.user, label: one.name })),
    ...(performer !== "" && !known ? [{ id: performer, label: entryValue(entry, "performer_name") }] : []),
  ];
  return (
    <li className={style["action"]}>
      <div className={style["entry"]}>
        <span className={style["number"]} aria-hidden>
          {number}
        </span>
        <SharedText text={text} rows={1} label={m.minutes_action_n({ number })} hideLabel placeholder={m.minutes_action_example()} {...wiring(`action ${id}`)} />
        {!readOnly && <IconButton label={m.minutes_action_remove({ number })} icon={<IconDelete size={20} aria-hidden />} variant="danger" onPress={() => removeEntry(doc, "actions", id)} />}
      </div>
      <div className={style["actionFacts"]}>
        <Select
          label={m.minutes_performer()}
          choices={choices}
          value={performer === "" ? null : performer}
          disabled={readOnly}
          onChange={(user) => setValue(doc, id, { performer: user ?? "", performer_name: performers.find((one) => one.user === user)?.name ?? "" })}
        />
        <Suspense>
          <DateField label={m.minutes_due()} value={due} disabled={readOnly} onChange={(date) => setValue(doc, id, { due: date })} />
        </Suspense>
        <SharedText text={goal} rows={1} label={m.minutes_goal()} {...wiring(`goal ${id}`)} />
      </div>
    </li>
  );
}
