/**
 * The minutes while they are written: a form that several people fill in at
 * once. Also stands beside the faces during the meeting.
 */
import { useState, type ReactElement } from "react";
import { contentOf, textOf } from "../../coedit/draft";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ItemView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Faces } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { IconWarning } from "../../ui/icons";
import { LoadingState, Notice } from "../../ui/States";
import { toastDone } from "../../ui/Toast";
import { sayAll } from "../../words/lists";
import { Actions, Decisions, type Wiring } from "./Entries";
import style from "./Minutes.module.css";
import { SharedText } from "./SharedText";
import { useCoedit, type SharedDraft } from "./useCoedit";

export function Draft({ item }: { item: ItemView }): ReactElement {
  const draft = useCoedit(item);
  return draft === undefined ? <LoadingState /> : <Form item={item} draft={draft} />;
}

function Form({ item, draft }: { item: ItemView; draft: SharedDraft }): ReactElement {
  const { coedit, others, kept } = draft;
  const { members } = item.audience;
  const readOnly = !item.can.draft;
  const named = others.map(({ user, field }) => ({ user, field, name: members.find((one) => one.user === user)?.name ?? "" })).filter((one) => one.name !== "");
  const wiring: Wiring = (field) => ({
    writers: named.filter((one) => one.field === field),
    onFocus: (here) => coedit.focus(here ? field : ""),
    readOnly,
  });
  return (
    <div className={style["form"]}>
      <div className={style["standing"]}>
        {named.length > 0 ? (
          <span className={style["writers"]}>
            <Faces people={named} /> {m.minutes_together({ count: named.length, names: sayAll(named.map((one) => one.name)) })}
          </span>
        ) : (
          <span className={style["note"]}>{readOnly ? m.minutes_read_only() : m.minutes_alone()}</span>
        )}
        <span className={style["note"]} role="status">
          {kept === "idle" ? m.minutes_kept() : kept === "pending" ? m.minutes_keeping() : m.minutes_not_kept()}
        </span>
      </div>
      <section className={style["part"]}>
        <h2 className={style["partTitle"]}>{m.minutes_discussion()}</h2>
        <SharedText text={textOf(coedit.doc, "discussion")} label={m.minutes_discussion()} hideLabel rows={5} placeholder={m.minutes_discussion_example()} {...wiring("discussion")} />
      </section>
      <section className={style["part"]}>
        <h2 className={style["partTitle"]}>{m.minutes_synthesis()}</h2>
        <SharedText text={textOf(coedit.doc, "synthesis")} label={m.minutes_synthesis()} hideLabel rows={3} placeholder={m.minutes_synthesis_example()} {...wiring("synthesis")} />
      </section>
      <section className={style["part"]}>
        <h2 className={style["partTitle"]}>{m.minutes_decisions()}</h2>
        <Decisions doc={coedit.doc} wiring={wiring} readOnly={readOnly} />
      </section>
      <section className={style["part"]}>
        <h2 className={style["partTitle"]}>{m.minutes_actions()}</h2>
        <Actions doc={coedit.doc} wiring={wiring} readOnly={readOnly} performers={members} />
      </section>
      {item.can.propose && <Propose item={item} draft={draft} />}
    </div>
  );
}

function Propose({ item, draft }: { item: ItemView; draft: SharedDraft }): ReactElement {
  const [asking, setAsking] = useState(false);
  const propose = useAction(async () => {
    await draft.coedit.flush();
    await call("minutes.propose", { room: item.room, ...contentOf(draft.coedit.doc) });
    setAsking(false);
    toastDone(m.minutes_proposed_done());
  });
  const empty = asking && contentOf(draft.coedit.doc).synthesis === "";
  return (
    <div className={style["acts"]}>
      <Button variant="primary" onPress={() => setAsking(true)}>
        {m.minutes_propose()}
      </Button>
      <Confirm open={asking} onClose={() => setAsking(false)} title={m.minutes_propose_title()} act={m.minutes_propose()} busy={propose.busy} error={propose.error} onConfirm={() => void propose.run()}>
        <p>{m.minutes_propose_effect()}</p>
        {empty && (
          <Notice tone="warm" icon={<IconWarning size={20} />}>
            {m.minutes_propose_no_synthesis()}
          </Notice>
        )}
        {!item.quorum.reached && (
          <Notice tone="warm" icon={<IconWarning size={20} />}>
            {m.minutes_propose_no_quorum()}
          </Notice>
        )}
      </Confirm>
    </div>
  );
}
