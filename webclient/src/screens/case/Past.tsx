/** What happened to the case, and who has looked at it, day by day. */
import { useState, type ReactElement } from "react";
import { to } from "../../app/routes";
import type { AccessRow, TimelineRow } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { Disclosure } from "../../ui/Disclosure";
import { civilDate, dayWords, timeOfDay } from "../../ui/when";
import { Section } from "../Section";
import style from "./Case.module.css";
import { byDay, tellAccess, tellRow } from "./timeline";

/** How many are shown before one asks for more. */
const SHORT = 6;

/** Things of a conversation, which have a page to go to. */
const IN_ROOM: ReadonlySet<string> = new Set(["room.opened", "document.shared"]);

export function History({ rows, today }: { rows: readonly TimelineRow[]; today: string }): ReactElement {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, SHORT);
  return (
    <Section title={m.case_timeline()}>
      {rows.length === 0 ? (
        <p className={style["none"]}>{m.case_timeline_none()}</p>
      ) : (
        <ol className={style["days"]}>
          {byDay(shown, civilDate).map(({ day, rows: those }) => (
            <li key={day}>
              <h3 className={style["day"]}>{dayWords(day, today)}</h3>
              <ol className={style["events"]}>
                {those.map((row, i) => (
                  // Rows have no id of their own, and never change places.
                  // oxlint-disable-next-line react/no-array-index-key
                  <li key={`${String(row.at)} ${row.kind} ${String(i)}`}>
                    <time className={style["at"]}>{timeOfDay(row.at)}</time>
                    {IN_ROOM.has(row.kind) ? <a href={to.room(row.room)}>{tellRow(row)}</a> : <span>{tellRow(row)}</span>}
                  </li>
                ))}
              </ol>
            </li>
          ))}
        </ol>
      )}
      {rows.length > SHORT && !all && (
        <span>
          <Button small onPress={() => setAll(true)}>
            {m.case_timeline_all()}
          </Button>
        </span>
      )}
    </Section>
  );
}

export function Accesses({ rows, today }: { rows: readonly AccessRow[]; today: string }): ReactElement {
  return (
    <Disclosure title={m.case_accesses()} level={2}>
      <p className={style["none"]}>{m.case_accesses_do()}</p>
      {rows.length === 0 ? (
        <p className={style["none"]}>{m.case_accesses_none()}</p>
      ) : (
        <ol className={style["days"]}>
          {byDay(rows, civilDate).map(({ day, rows: those }) => (
            <li key={day}>
              <h3 className={style["day"]}>{dayWords(day, today)}</h3>
              <ol className={style["events"]}>
                {those.map((row, i) => (
                  // oxlint-disable-next-line react/no-array-index-key -- as above
                  <li key={`${String(row.at)} ${String(i)}`}>
                    <time className={style["at"]}>{timeOfDay(row.at)}</time>
                    <span>
                      <strong>{row.by === "" ? m.case_access_somebody() : row.by}</strong> {tellAccess(row)}
                    </span>
                  </li>
                ))}
              </ol>
            </li>
          ))}
        </ol>
      )}
    </Disclosure>
  );
}
