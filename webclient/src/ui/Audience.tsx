/**
 * Who will read this. The audience has a colour, an icon and a name, wherever
 * somebody writes, shows or opens something.
 */
import type { ReactElement } from "react";
import { m } from "../paraglide/messages.js";
import style from "./Audience.module.css";
import { Faces } from "./Avatar";
import { cx } from "./cx";
import { IconCases, IconFamily, IconItem, IconNetwork, IconPlan, IconSession, IconTeam } from "./icons";

const AUDIENCES: Readonly<Record<string, { name: () => string; Icon: typeof IconTeam }>> = {
  CASE: { name: m.audience_case, Icon: IconCases },
  TEAM: { name: m.audience_team, Icon: IconTeam },
  FAMILY: { name: m.audience_family, Icon: IconFamily },
  ITEM: { name: m.audience_item, Icon: IconItem },
  PLAN: { name: m.audience_plan, Icon: IconPlan },
  SESSION: { name: m.audience_session, Icon: IconSession },
  NETWORK: { name: m.audience_network, Icon: IconNetwork },
};

/** An audience's name in words. */
export const audienceName = (code: string): string => (AUDIENCES[code] ?? AUDIENCES["NETWORK"])?.name() ?? code;

export function AudienceIcon({ code, size = 18 }: { code: string; size?: number }): ReactElement {
  const { Icon } = AUDIENCES[code] ?? { Icon: IconNetwork };
  return (
    <span data-audience={code} className={style["icon"]} aria-hidden>
      <Icon size={size} />
    </span>
  );
}

export interface AudienceBadgeProps {
  code: string;
  /** How many people read it, oneself included. */
  people: number;
  /** In place of the audience's name: a topic's title. */
  title?: string;
  /** Their faces, when they are known. */
  members?: ReadonlyArray<{ name: string; user?: string }>;
  /** Filled with the audience's wash; plain inside a row. */
  plain?: boolean;
}

/** "Équipe · 7 personnes", with icon and faces. */
export function AudienceBadge({ code, people, title, members, plain = false }: AudienceBadgeProps): ReactElement {
  return (
    <span data-audience={code} className={cx(style["badge"], plain && style["plain"])}>
      <AudienceIcon code={code} />
      <span className={style["words"]}>
        {m.audience_line({ audience: title ?? audienceName(code), people: m.audience_people({ count: people }) })}
      </span>
      {members !== undefined && members.length > 0 && <Faces people={members} />}
    </span>
  );
}
