/**
 * Where one writes. Its edge and its button carry the audience's colour, and who
 * will read stands in words and faces: nobody writes into the wrong room.
 */
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { RoomItem, RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { Button, IconButton, SendButton } from "../../ui/Button";
import { IconClose, IconEdit, IconReply } from "../../ui/icons";
import { ErrorLine } from "../../ui/States";
import { Attach } from "./Attach";
import style from "./Composer.module.css";
import { MentionList } from "./MentionList";
import { mentioned } from "./mentions";
import { useDraft } from "./useDraft";
import { useMention } from "./useMention";

export type Mode = { readonly kind: "new" } | { readonly kind: "reply"; readonly to: RoomItem } | { readonly kind: "edit"; readonly item: RoomItem };

export interface ComposerProps {
  room: RoomView;
  mode: Mode;
  /** Back to writing something new. */
  onDone: () => void;
  /** The key Up in an empty field: change what I said last. */
  onEditLast: () => void;
}

/** How often others are told that I am writing. */
const TYPING_EVERY = 4_000;

/** A keyboard that has an Enter key apart from a new line: not a phone's. */
const hasKeyboard = (): boolean => matchMedia("(hover: hover) and (pointer: fine)").matches;

export function Composer({ room, mode, onDone, onEditLast }: ComposerProps): ReactElement {
  const { room: id, audience } = room;
  const { code, members } = audience;
  const draft = useDraft(id, room.draft);
  const area = useRef<HTMLTextAreaElement>(null);
  const hint = useId();
  const editing = mode.kind === "edit";
  const target = mode.kind === "edit" ? mode.item.id : mode.kind === "reply" ? mode.to.id : "";
  const original = mode.kind === "edit" ? (mode.item.text ?? "") : "";
  const [changed, setChanged] = useState({ target: "", text: "" });
  const text = editing ? (changed.target === target ? changed.text : original) : draft.text;
  const write = editing ? (said: string) => setChanged({ target, text: said }) : draft.write;
  const mention = useMention(area, members, write);
  const lastTyping = useRef(0);

  useEffect(() => {
    if (target !== "") area.current?.focus();
  }, [target]);

  const action = useAction(async () => {
    const said = text.trim();
    const mentions = mentioned(said, members);
    if (mode.kind === "edit") {
      await call("room.edit", { room: id, target: mode.item.id, text: said, mentions });
      onDone();
      return;
    }
    draft.sent();
    onDone();
    try {
      await call("room.send", { room: id, text: said, reply_to: mode.kind === "reply" ? mode.to.id : "", mentions });
    } catch (thrown) {
      draft.write(said);
      throw thrown;
    }
  });

  const ready = text.trim() !== "" && !(editing && text.trim() === original) && room.removal_pending.length === 0;
  const send = (): void => {
    if (ready && !action.busy) void action.run();
    area.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing || mention.onKeyDown(event)) return;
    if (event.key === "Enter" && !event.shiftKey && (hasKeyboard() || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && mode.kind !== "new") {
      event.preventDefault();
      onDone();
    } else if (event.key === "ArrowUp" && text === "" && mode.kind === "new") {
      event.preventDefault();
      onEditLast();
    }
  };

  return (
    <form
      data-audience={code}
      className={style["composer"]}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {mode.kind === "reply" && <Context icon={<IconReply size={18} aria-hidden />} words={m.room_reply_to({ name: mode.to.name })} quote={mode.to.text ?? mode.to.document?.name} cancel={m.room_reply_cancel()} onCancel={onDone} />}
      {editing && <Context icon={<IconEdit size={18} aria-hidden />} words={m.room_editing()} cancel={m.room_edit_cancel()} onCancel={onDone} />}
      {action.error !== undefined && <ErrorLine error={action.error} />}
      <div className={style["field"]}>
        {!editing && <Attach room={room} disabled={room.removal_pending.length > 0} />}
        {mention.open && <MentionList mention={mention} />}
        <textarea
          ref={area}
          className={style["area"]}
          rows={1}
          aria-label={m.room_write()}
          aria-describedby={hint}
          placeholder={m.room_write()}
          value={text}
          {...mention.attributes}
          onChange={(event) => {
            write(event.target.value);
            mention.look();
            if (Date.now() - lastTyping.current > TYPING_EVERY && event.target.value !== "" && !editing) {
              lastTyping.current = Date.now();
              void call("room.typing", { room: id }).catch(() => undefined);
            }
          }}
          onKeyDown={onKeyDown}
          onSelect={mention.look}
          onBlur={mention.close}
        />
      </div>
      <span id={hint} className={style["hint"]}>
        {m.room_write_hint()}
      </span>
      <div className={style["foot"]}>
        <AudienceBadge code={code} people={members.length} members={members} plain />
        {editing ? (
          <Button variant="audience" type="submit" isDisabled={!ready} busy={action.busy}>
            {m.room_edit_save()}
          </Button>
        ) : (
          <SendButton audience={code} people={members.length} type="submit" isDisabled={!ready} />
        )}
      </div>
    </form>
  );
}

function Context({ icon, words, quote, cancel, onCancel }: { icon: ReactElement; words: string; quote?: string | undefined; cancel: string; onCancel: () => void }): ReactElement {
  return (
    <div className={style["context"]}>
      {icon}
      <p>
        <strong>{words}</strong>
        {quote !== undefined && <span className={style["quoted"]}>{quote}</span>}
      </p>
      <IconButton label={cancel} icon={<IconClose size={18} aria-hidden />} onPress={onCancel} />
    </div>
  );
}
