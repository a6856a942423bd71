/** What each thinks of the synthesis, alike for all; and saying what I think. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ItemView, PositionCode } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Radio, RadioGroup } from "../../ui/Choice";
import { Disclosure } from "../../ui/Disclosure";
import { ErrorLine } from "../../ui/States";
import { TextArea } from "../../ui/TextField";
import { When } from "../../ui/When";
import { myPosition, positionHint, positionName, positionNeedsText, positionTone, POSITIONS } from "../../words/rcp";
import { roleName } from "../../words/roles";
import style from "./Minutes.module.css";

export interface PositionLine {
  readonly user: string;
  readonly name: string;
  readonly role?: string;
  readonly position: PositionCode;
  readonly text?: string | undefined;
}

/** Positions as a list; whoever did not follow is as visible as whoever did. */
export function PositionList({ lines }: { lines: readonly PositionLine[] }): ReactElement {
  return (
    <ul className={style["positions"]}>
      {lines.map((one) => (
        <li key={one.user} className={style["position"]}>
          <Avatar name={one.name} id={one.user} size="s" />
          <div className={style["positionWords"]}>
            <p>
              <strong>{one.name}</strong>
              {one.role !== undefined && <span className={style["note"]}> · {roleName(one.role)}</span>}
            </p>
            <p>
              <Chip tone={positionTone(one.position)}>{positionName(one.position)}</Chip>
            </p>
            {one.text !== undefined && one.text !== "" && <p className={style["said"]}>{one.text}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

export function Positions({ item, me }: { item: ItemView; me: string }): ReactElement {
  const mine = item.positions.find((one) => one.by === me);
  const [open, setOpen] = useState(false);
  return (
    <div className={style["part"]}>
      {item.positions.length === 0 ? (
        <p className={style["note"]}>{m.minutes_positions_none()}</p>
      ) : (
        <PositionList lines={item.positions.map((one) => ({ ...one, user: one.by }))} />
      )}
      {item.positions.some((one) => one.history.length > 0) && (
        <Disclosure small title={m.minutes_positions_before()}>
          <ul className={style["note"]}>
            {item.positions.flatMap((one) =>
              one.history.map((old) => (
                <li key={`${old.by} ${String(old.at)}`}>
                  {old.name} : {positionName(old.position)}, <When at={old.at} />
                </li>
              )),
            )}
          </ul>
        </Disclosure>
      )}
      {item.can.position && !open && (
        <Button variant={mine === undefined ? "primary" : "secondary"} onPress={() => setOpen(true)}>
          {mine === undefined ? m.minutes_position_take() : m.minutes_position_change()}
        </Button>
      )}
      {item.can.position && open && <PositionForm room={item.room} {...(mine !== undefined && { before: mine })} onDone={() => setOpen(false)} />}
    </div>
  );
}

function PositionForm({ room, before, onDone }: { room: string; before?: { position: PositionCode; text?: string }; onDone: () => void }): ReactElement {
  const choice = usePosition(before);
  const action = useAction(async () => {
    if (choice.position === undefined) return;
    await call("item.position", { room, position: choice.position, ...(choice.text === "" ? {} : { text: choice.text }) });
    onDone();
  });
  return (
    <div className={style["form"]}>
      <PositionChoice choice={choice} />
      <div className={style["acts"]}>
        <Button
          variant="primary"
          busy={action.busy}
          onPress={() => {
            if (choice.check()) void action.run();
          }}
        >
          {m.minutes_position_record()}
        </Button>
        <Button variant="quiet" onPress={onDone}>
          {m.ui_cancel()}
        </Button>
      </div>
      {action.error !== undefined && <ErrorLine error={action.error} />}
    </div>
  );
}

export interface PositionDraft {
  readonly position: PositionCode | undefined;
  readonly text: string;
  readonly problem: "position" | "text" | undefined;
  readonly set: (change: { position?: PositionCode; text?: string }) => void;
  /** Says whether it can be recorded, and shows what is missing. */
  readonly check: () => boolean;
}

export function usePosition(before?: { position?: PositionCode; text?: string | undefined }): PositionDraft {
  const [position, setPosition] = useState(before?.position);
  const [text, setText] = useState(before?.text ?? "");
  const [pressed, setPressed] = useState(false);
  const problem = position === undefined ? "position" : positionNeedsText(position) && text.trim() === "" ? "text" : undefined;
  return {
    position,
    text: text.trim() === "" ? "" : text,
    problem: pressed ? problem : undefined,
    set: (change) => {
      if (change.position !== undefined) setPosition(change.position);
      if (change.text !== undefined) setText(change.text);
    },
    check: () => {
      setPressed(true);
      return problem === undefined;
    },
  };
}

export function PositionChoice({ choice }: { choice: PositionDraft }): ReactElement {
  return (
    <>
      <RadioGroup
        label={m.minutes_position_yours()}
        value={choice.position ?? null}
        onChange={(code) => choice.set({ position: code as PositionCode })}
        error={choice.problem === "position" ? m.minutes_position_missing() : undefined}
      >
        {POSITIONS.map((code) => (
          <Radio key={code} value={code} detail={positionHint(code)}>
            {myPosition(code)}
          </Radio>
        ))}
      </RadioGroup>
      <TextArea
        label={m.minutes_position_text()}
        {...(choice.position === undefined || !positionNeedsText(choice.position) ? { need: "optional" as const } : {})}
        rows={2}
        value={choice.text}
        onChange={(text) => choice.set({ text })}
        error={choice.problem === "text" ? m.minutes_position_text_missing() : undefined}
      />
    </>
  );
}
