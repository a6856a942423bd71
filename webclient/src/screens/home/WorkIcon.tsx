/** What sort of thing waits, at a glance. */
import type { ReactElement } from "react";
import { IconAgenda, IconEdit, IconForward, IconItem, IconPlan, IconTeam } from "../../ui/icons";
import style from "./Home.module.css";

const ICONS: Readonly<Record<string, typeof IconAgenda>> = {
  ANSWER_INVITATION: IconAgenda,
  GIVE_OPINION: IconItem,
  SIGN_MINUTES: IconEdit,
  ACCEPT_ACTION: IconPlan,
  ACCEPT_ACTION_FOR_PERSON: IconPlan,
  ACTION_DUE: IconPlan,
  READ_MENTION: IconItem,
  FEW_COLLECTORS: IconTeam,
};

export function WorkIcon({ kind }: { kind: string }): ReactElement {
  const Icon = ICONS[kind] ?? IconForward;
  return (
    <span className={style["icon"]} aria-hidden>
      <Icon size={20} />
    </span>
  );
}
