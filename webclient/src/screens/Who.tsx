/** Who reads a room: faces, presence, how far each has read, who is awaited. */
import type { ReactElement, ReactNode } from "react";
import type { Audience, Member, RoomItem } from "../core/types.gen";
import { m } from "../paraglide/messages.js";
import { AudienceBadge } from "../ui/Audience";
import { Avatar } from "../ui/Avatar";
import { useNow } from "../ui/When";
import { when } from "../ui/when";
import { roleName } from "../words/roles";
import { hasReadAll, isSaid, readUntil } from "./room/timeline";
import style from "./Who.module.css";

export interface WhoProps {
  audience: Audience;
  /** With the rows of a conversation, how far each has read. */
  items?: readonly RoomItem[];
  children?: ReactNode;
}

export function Who({ audience, items, children }: WhoProps): ReactElement {
  const { code, members, awaited } = audience;
  return (
    <div className={style["who"]}>
      <AudienceBadge code={code} people={members.length} />
      <section aria-label={m.who_readers()}>
        <h2 className={style["title"]}>{m.who_readers()}</h2>
        <ul className={style["people"]}>
          {members.map((member) => (
            <Reader key={member.user} member={member} items={items} />
          ))}
        </ul>
      </section>
      {awaited.length > 0 && (
        <section aria-label={m.who_awaited()}>
          <h2 className={style["title"]}>{m.who_awaited()}</h2>
          <p className={style["note"]}>{m.who_awaited_do()}</p>
          <ul className={style["people"]}>
            {awaited.map((member) => (
              <li key={member.user} className={style["person"]}>
                <span className={style["dim"]}>
                  <Avatar name={member.name} id={member.user} />
                </span>
                <span className={style["words"]}>
                  <span>{member.name}</span>
                  <span className={style["role"]}>{roleName(member.role)}</span>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {children}
    </div>
  );
}

function Reader({ member, items }: { member: Member; items: readonly RoomItem[] | undefined }): ReactElement {
  const now = useNow();
  return (
    <li className={style["person"]}>
      <Avatar name={member.name} id={member.user} online={member.online} />
      <span className={style["words"]}>
        <span>
          {member.name}
          {member.me && <span className={style["role"]}> ({m.member_me()})</span>}
        </span>
        <span className={style["role"]}>
          {roleName(member.role)}
          {member.online && !member.me && <span className={style["online"]}> · {m.presence_online()}</span>}
        </span>
        {items !== undefined && !member.me && items.some(isSaid) && <span className={style["role"]}>{reading(member, items, now)}</span>}
      </span>
    </li>
  );
}

function reading(member: Member, items: readonly RoomItem[], now: number): string {
  if (hasReadAll(items, member)) return m.who_up_to_date();
  const until = readUntil(items, member.cursor);
  return until === undefined ? m.who_read_nothing() : m.who_read_until({ when: when(until, now) });
}
