/** A change of the conversation, between its messages. */
import type { ReactElement } from "react";
import type { RoomItem } from "../../core/types.gen";
import { cx } from "../../ui/cx";
import { IconInfo, IconTeam, IconWarning } from "../../ui/icons";
import { When } from "../../ui/When";
import { tellItems } from "./told";
import style from "./Timeline.module.css";

const ICONS = { calm: IconTeam, warm: IconInfo, harm: IconWarning };

export function ToldLine({ items }: { items: readonly RoomItem[] }): ReactElement {
  const { text, detail, tone } = tellItems(items);
  const Icon = ICONS[tone];
  const last = items.at(-1);
  return (
    <li className={cx(style["told"], style[tone])} id={items[0] === undefined ? undefined : `item-${items[0].id}`}>
      <Icon size={16} aria-hidden />
      <p>
        {text}
        {detail !== undefined && <span className={style["detail"]}> {detail}</span>}
        {last !== undefined && last.at > 0 && (
          <span className={style["time"]}>
            {" · "}
            <When at={last.at} short />
          </span>
        )}
      </p>
    </li>
  );
}
