/** What the person wants, in their own words, before anything else. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { CaseView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { FormDialog } from "../../ui/Dialog";
import { IconEdit } from "../../ui/icons";
import { PersonsWords } from "../../ui/PersonsWords";
import { EmptyState, LoadingState } from "../../ui/States";
import { TextArea } from "../../ui/TextField";
import { toastDone } from "../../ui/Toast";
import { useNow } from "../../ui/When";
import { today, when } from "../../ui/when";
import { dateWords } from "../../words/dates";
import { Section } from "../Section";
import style from "./Case.module.css";

const DateField = lazy(async () => ({ default: (await import("../../ui/DateTime")).DateField }));

export function Words({ one }: { one: CaseView }): ReactElement {
  const [editing, setEditing] = useState(false);
  const now = useNow();
  const { life_project: words, person } = one;
  const mayEdit = one.can.edit_life_project && !one.frozen;
  const source =
    words === undefined
      ? undefined
      : words.said === undefined || words.said === ""
        ? m.case_words_said_by({ by: words.by, when: when(words.at, now) })
        : m.case_words_said_on({ date: dateWords(words.said), by: words.by });
  return (
    <Section
      title={m.case_words({ name: person.given_name === "" ? person.display : person.given_name })}
      {...(words !== undefined &&
        mayEdit && {
          action: (
            <Button variant="quiet" small icon={<IconEdit size={18} />} onPress={() => setEditing(true)}>
              {m.case_words_edit()}
            </Button>
          ),
        })}
    >
      {words === undefined ? (
        <EmptyState title={m.case_words_none()} {...(mayEdit && { action: <Button onPress={() => setEditing(true)}>{m.case_words_add()}</Button> })}>
          {m.case_words_none_do()}
        </EmptyState>
      ) : (
        <PersonsWords source={source}>{words.text}</PersonsWords>
      )}
      {editing && <EditWords one={one} onClose={() => setEditing(false)} />}
    </Section>
  );
}

function EditWords({ one, onClose }: { one: CaseView; onClose: () => void }): ReactElement {
  const [text, setText] = useState(one.life_project?.text ?? "");
  const [said, setSaid] = useState(today);
  const save = useAction(() => call("case.life_project", { case: one.case, text: text.trim(), said }));
  return (
    <FormDialog
      onClose={onClose}
      title={m.case_words_title()}
      wide
      act={m.case_save()}
      isDisabled={text.trim() === ""}
      busy={save.busy}
      onAct={() => {
        void save.run().then((done) => {
          if (!done) return;
          toastDone(m.case_saved());
          onClose();
        });
      }}
      error={save.error}
    >
      <TextArea label={m.case_words_label()} hint={m.case_words_hint()} value={text} onChange={setText} rows={5} areaClassName={style["voice"] ?? ""} />
      <Suspense fallback={<LoadingState lines={1} />}>
        <DateField label={m.case_words_said()} value={said} onChange={setSaid} max={today()} />
      </Suspense>
    </FormDialog>
  );
}
