/** Everybody of a session, alphabetical: what they answered, what they do, whether they may come in. */
import type { ReactElement } from "react";
import type { SessionPerson, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { IconWarning } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { consentState } from "../../words/consent";
import { answerName, answerTone, dutyName } from "../../words/rcp";
import { roleName } from "../../words/roles";

/** Who chairs is there: the meeting is theirs to open. */
const answerOf = (one: SessionPerson): string => (one.duty === "CHAIR" && one.answer === "" ? "COMES" : one.answer);

export function People({ session }: { session: SessionView }): ReactElement {
  const place = new Map(session.items.map((item) => [item.room, item.number]));
  return (
    <List label={m.session_participants()}>
      {session.participants.map((one) => {
        const points = one.items.flatMap((item) => place.get(item) ?? []).toSorted((a, b) => a - b);
        const all = points.length === session.items.length;
        const lacking = one.consent !== "ACTIVE" && one.consent !== "AWAITED" && one.consent !== "SELF";
        return (
          <Row
            key={one.user}
            leading={<Avatar name={one.name} id={one.user} online={one.online} />}
            title={one.user === session.me.user ? `${one.name} (${m.member_me()})` : one.name}
            detail={
              <>
                {roleName(one.role)}
                {one.duty !== "PARTICIPANT" && ` · ${dutyName(one.duty)}`}
                {!all && points.length > 0 && ` · ${m.session_points({ count: points.length, points: points.join(", ") })}`}
              </>
            }
            meta={
              <>
                <Chip tone={answerTone(answerOf(one))}>{answerName(answerOf(one))}</Chip>
                {lacking && (
                  <Chip tone="warm" icon={<IconWarning size={14} />}>
                    {consentState(one.consent).text}
                  </Chip>
                )}
              </>
            }
          />
        );
      })}
    </List>
  );
}
