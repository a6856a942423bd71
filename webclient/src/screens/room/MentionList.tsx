/** The people one may mention, above the field. */
import type { ReactElement } from "react";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { roleName } from "../../words/roles";
import style from "./Composer.module.css";
import type { Mention } from "./useMention";

export function MentionList({ mention }: { mention: Mention }): ReactElement {
  return (
    <div id={mention.id} role="listbox" aria-label={m.room_mention_pick()} className={style["mentions"]}>
      {mention.people.map((member, index) => (
        // The field keeps the focus and drives the list by keys (aria-activedescendant).
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={member.user}
          id={mention.optionId(index)}
          role="option"
          tabIndex={-1}
          aria-selected={index === mention.at}
          className={style["mentionOption"]}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => mention.choose(member)}
        >
          <Avatar name={member.name} id={member.user} size="s" />
          <span>
            {member.name}
            <span className={style["mentionRole"]}>{roleName(member.role)}</span>
          </span>
        </div>
      ))}
    </div>
  );
}
