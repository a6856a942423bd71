/** What happened to an action, and where it was decided. */
import type { ReactElement } from "react";
import { to } from "../../app/routes";
import type { ActionHistory, ActionView, ProvenanceView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { Disclosure } from "../../ui/Disclosure";
import { When } from "../../ui/When";
import { actionStatus, reasonName } from "../../words/plan";
import { IconLink } from "./icons";
import style from "./Plan.module.css";

/** "Décidée en RCP du 14 janvier, point 2, signée par 5 personnes", with the way there. */
export function Provenance({ provenance }: { provenance: ProvenanceView }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const date = new Intl.DateTimeFormat(languageTag(locale), { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" }).format(Date.parse(provenance.date));
  return (
    <a href={to.minutes(provenance.session, provenance.item)} className={style["provenance"]}>
      <IconLink size={16} aria-hidden />
      {m.plan_provenance({ date, number: provenance.number, count: provenance.signers })}
    </a>
  );
}

export function History({ action }: { action: ActionView }): ReactElement {
  return (
    <Disclosure small title={m.plan_history()}>
      <ol className={style["history"]}>
        {action.history.map((step) => (
          <li key={`${String(step.at)} ${step.kind} ${step.status ?? ""}`}>
            <When at={step.at} /> · {tell(step)}
            {step.note !== undefined && step.note !== "" && <span className={style["historyNote"]}>{step.note}</span>}
          </li>
        ))}
      </ol>
    </Disclosure>
  );
}

function tell({ kind, by, as, status, reason }: ActionHistory): string {
  if (kind === "ACCEPTED") return as === "PERSON" ? m.plan_history_person({ name: by }) : m.plan_history_performer({ name: by });
  if (kind === "STATUS") {
    const words = actionStatus(status ?? "").text;
    return reason === undefined || reason === "" ? m.plan_history_status({ name: by, status: words }) : m.plan_history_reason({ name: by, status: words, reason: reasonName(reason) });
  }
  return m.plan_history_added({ name: by });
}
