/** One participant of the register: who, how their consent stands, what they read, what can be done. */
import type { ReactElement } from "react";
import type { ConsentRow } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceIcon } from "../../ui/Audience";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Button, IconButton } from "../../ui/Button";
import { Disclosure } from "../../ui/Disclosure";
import { IconMore } from "../../ui/icons";
import { Menu, MenuItem } from "../../ui/Menu";
import { When } from "../../ui/When";
import { categoryName } from "../../words/consent";
import { ConsentChip, partyLine } from "../case/Circle";
import style from "./Consents.module.css";
import { historyLine, readsLine, scopeWords, withdrawable } from "./register";

export type Act = "give" | "withdraw" | "refuse" | "collector";

export interface ParticipantProps {
  row: ConsentRow;
  me: string;
  manages: boolean;
  onAct: (act: Act) => void;
}

export function Participant({ row, me, manages, onAct }: ParticipantProps): ReactElement {
  const { party } = row;
  const self = party.party === me;
  const person = party.consent === "SELF";
  const inside = party.consent === "ACTIVE" || party.consent === "AWAITED";
  // What the person refused is not offered again: it is in the menu, for when they change their mind.
  const offers = manages && !inside && !person && party.consent !== "REFUSED";
  return (
    <li className={style["row"]}>
      <div className={style["head"]}>
        <Avatar name={party.name} id={party.party} />
        <div className={style["who"]}>
          <h2 className={style["name"]}>{party.name}</h2>
          <p className={style["soft"]}>{partyLine(party)}</p>
        </div>
        {manages && !person && (
          <Menu label={m.consent_more({ name: party.name })} trigger={<IconButton label={m.consent_more({ name: party.name })} icon={<IconMore size={20} aria-hidden />} />}>
            <MenuItem onAction={() => onAct("give")}>{inside ? m.consent_extend() : m.consent_give()}</MenuItem>
            {!inside && <MenuItem onAction={() => onAct("refuse")}>{m.consent_refuse()}</MenuItem>}
            {(inside || row.collector) && <MenuItem onAction={() => onAct("collector")}>{row.collector ? m.consent_collector_remove() : m.consent_collector_add()}</MenuItem>}
          </Menu>
        )}
      </div>
      <div className={style["chips"]}>
        <ConsentChip code={party.consent} />
        {!person && <Chip>{categoryName(party.category)}</Chip>}
        {row.collector && <Chip tone="accent">{m.consent_collects()}</Chip>}
      </div>
      <p>{readsLine(row)}</p>
      {!person && <Scope row={row} />}
      {(row.can_end || offers) && (
        <div className={style["acts"]}>
          {row.can_end && (
            <Button small onPress={() => onAct("withdraw")}>
              {self ? m.consent_leave() : m.consent_withdraw()}
            </Button>
          )}
          {offers && (
            <Button small onPress={() => onAct("give")}>
              {m.consent_give()}
            </Button>
          )}
        </div>
      )}
      {row.history.length > 0 && (
        <Disclosure title={m.consent_history({ count: row.history.length })} small>
          <ol className={style["history"]}>
            {row.history.map((line) => (
              <li key={`${String(line.at)} ${line.kind} ${line.rooms.join()}`}>
                <p className={style["when"]}>
                  <When at={line.at} />
                </p>
                <p>{historyLine(line)}</p>
                {line.note !== undefined && line.note !== "" && <p className={style["soft"]}>{m.room_reason({ reason: line.note })}</p>}
              </li>
            ))}
          </ol>
        </Disclosure>
      )}
    </li>
  );
}

/** The rooms somebody may read, each in its audience's colour. */
function Scope({ row }: { row: ConsentRow }): ReactElement | null {
  const scopes = withdrawable(row);
  if (scopes.length === 0) return null;
  return (
    <ul className={style["chips"]}>
      {scopes.map((scope) => (
        <li key={scope.room} data-audience={scope.audience}>
          <Chip tone="audience" icon={<AudienceIcon code={scope.audience} size={14} />}>
            {scopeWords(scope)}
          </Chip>
        </li>
      ))}
    </ul>
  );
}
