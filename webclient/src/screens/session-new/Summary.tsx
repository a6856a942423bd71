/** Before the invitations leave: who gets what. */
import type { ReactElement } from "react";
import type { ConsentRow } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { IconInfo, IconWarning } from "../../ui/icons";
import { Notice } from "../../ui/States";
import { sayAll } from "../../words/lists";
import { covered, invited, type Form } from "./form";
import style from "./Plan.module.css";

export function Summary({ form, rows }: { form: Form; rows: readonly ConsentRow[] }): ReactElement {
  const row = (user: string): ConsentRow | undefined => rows.find((one) => one.party.party === user);
  const lacking = invited(form).filter((one) => {
    const found = row(one.user);
    return found !== undefined && !covered(found);
  });
  return (
    <div className={style["summary"]}>
      <ol className={style["summaryItems"]}>
        {form.items.map((item, i) => {
          const people = invited(form)
            .filter((one) => one.items.includes(item.key))
            .map((one) => ({ name: row(one.user)?.party.name ?? "", user: one.user }))
            .filter((one) => one.name !== "");
          return (
            <li key={item.key} className={style["summaryItem"]}>
              <AudienceBadge code="ITEM" title={m.session_item_n({ number: i + 1 })} people={people.length} members={people} />
              <p className={style["question"]}>{item.question === "" ? m.session_item_no_question() : item.question}</p>
              <p className={style["note"]}>{people.length === 0 ? m.session_summary_nobody() : sayAll(people.map((one) => one.name))}</p>
            </li>
          );
        })}
      </ol>
      {lacking.length > 0 && (
        <Notice tone="warm" icon={<IconWarning size={20} />}>
          {m.session_summary_lacking({ count: lacking.length, names: sayAll(lacking.map((one) => row(one.user)?.party.name ?? "")) })}
        </Notice>
      )}
      <Notice icon={<IconInfo size={20} />}>{m.session_summary_mail()}</Notice>
    </div>
  );
}
