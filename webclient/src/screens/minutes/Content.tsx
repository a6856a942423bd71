/** Minutes as they were proposed: the whole of what is signed, and nothing else. */
import type { ReactElement, ReactNode } from "react";
import type { MinutesContent } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { PersonsWords } from "../../ui/PersonsWords";
import { timeOfDay } from "../../ui/when";
import { dutyName, quorumMissing } from "../../words/rcp";
import { roleName } from "../../words/roles";
import { diffList, diffWords, type Piece } from "./diff";
import style from "./Minutes.module.css";
import { PositionList } from "./Positions";

/** `before` shows what has changed since. */
export function Content({ content, before }: { content: MinutesContent; before?: MinutesContent | undefined }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const { held, attendance, quorum } = content;
  const date = new Intl.DateTimeFormat(languageTag(locale), { timeZone: held.zone, dateStyle: "full" }).format(held.from);
  const day = (due: string): string => new Intl.DateTimeFormat(languageTag(locale), { timeZone: "UTC", dateStyle: "long" }).format(Date.parse(due));
  const missing = quorumMissing(quorum, content.rule);
  return (
    <div className={style["content"]}>
      <Part title={m.minutes_held()}>
        <p>
          {content.title}, {date}, {m.minutes_from_to({ from: timeOfDay(held.from, held.zone), to: timeOfDay(held.to, held.zone) })}. {content.rule.name}.
        </p>
      </Part>
      <Part title={m.minutes_question()}>
        <p className={style["question"]}>{content.question}</p>
        {content.wish !== undefined && content.wish !== "" && (
          <PersonsWords size="m" source={content.person}>
            {content.wish}
          </PersonsWords>
        )}
      </Part>
      <Part title={m.minutes_attendance({ count: attendance.length })}>
        <ul className={style["present"]}>
          {attendance.map((one) => (
            <li key={one.user}>
              <strong>{one.name}</strong>, {roleName(one.role)}
              {one.duty !== "PARTICIPANT" && ` · ${dutyName(one.duty)}`}
            </li>
          ))}
        </ul>
        <p className={style["note"]}>{quorum.reached ? m.minutes_quorum_reached() : m.minutes_quorum_not({ missing: missing.join(" ; ") })}</p>
      </Part>
      <Part title={m.minutes_discussion()}>
        <Prose text={content.discussion} before={before?.discussion} />
      </Part>
      <Part title={m.minutes_synthesis()}>
        <Prose text={content.synthesis} before={before?.synthesis} />
      </Part>
      <Part title={m.minutes_decisions()}>
        <Lines lines={content.decisions} before={before?.decisions} none={m.minutes_decisions_none()} />
      </Part>
      <Part title={m.minutes_positions()}>
        {content.positions.length === 0 ? <p className={style["note"]}>{m.minutes_positions_none()}</p> : <PositionList lines={content.positions} />}
      </Part>
      <Part title={m.minutes_actions()}>
        {content.actions.length === 0 ? (
          <p className={style["note"]}>{m.minutes_actions_none()}</p>
        ) : (
          <ol className={style["decided"]}>
            {content.actions.map((action, i) => (
              // Actions have no name of their own before they are in the plan.
              // oxlint-disable-next-line react/no-array-index-key
              <li key={i} data-change={before !== undefined && !before.actions.some((old) => JSON.stringify(old) === JSON.stringify(action)) ? "added" : undefined}>
                <p>{action.text}</p>
                <p className={style["note"]}>
                  {[
                    ...(action.performer_name === undefined ? [] : [action.performer_name]),
                    ...(action.due === undefined ? [] : [m.minutes_before({ day: day(action.due) })]),
                    ...(action.goal === undefined ? [] : [m.minutes_goal_is({ goal: action.goal })]),
                  ].join(" · ")}
                </p>
              </li>
            ))}
          </ol>
        )}
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <section className={style["part"]}>
      <h2 className={style["partTitle"]}>{title}</h2>
      {children}
    </section>
  );
}

function Prose({ text, before }: { text: string; before: string | undefined }): ReactElement {
  if (text === "" && (before === undefined || before === "")) return <p className={style["note"]}>{m.minutes_nothing_written()}</p>;
  return <p className={style["prose"]}>{before === undefined ? text : diffWords(before, text).map((piece, i) => <Changed key={`${String(i)} ${piece.kind}`} piece={piece} />)}</p>;
}

function Lines({ lines, before, none }: { lines: readonly string[]; before: readonly string[] | undefined; none: string }): ReactElement {
  const pieces: readonly Piece[] = before === undefined ? lines.map((text) => ({ kind: "same", text })) : diffList(before, lines);
  if (pieces.length === 0) return <p className={style["note"]}>{none}</p>;
  return (
    <ol className={style["decided"]}>
      {pieces.map((piece, i) => (
        <li key={`${String(i)} ${piece.kind}`}>
          <Changed piece={piece} />
        </li>
      ))}
    </ol>
  );
}

function Changed({ piece }: { piece: Piece }): ReactElement {
  if (piece.kind === "added") return <ins className={style["added"]}>{piece.text}</ins>;
  if (piece.kind === "removed") return <del className={style["removed"]}>{piece.text}</del>;
  return <>{piece.text}</>;
}
