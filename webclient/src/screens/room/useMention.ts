/** The list of names that opens on "@", driven from the field: focus never leaves it. */
import { useCallback, useId, useState, type KeyboardEvent, type RefObject } from "react";
import type { Member } from "../../core/types.gen";
import { askedMention, meant, putMention, type Asked } from "./mentions";

export interface Mention {
  readonly open: boolean;
  readonly id: string;
  readonly people: readonly Member[];
  readonly at: number;
  readonly optionId: (index: number) => string;
  readonly choose: (member: Member) => void;
  readonly onKeyDown: (event: KeyboardEvent) => boolean;
  /** Looks whether a mention is being typed where the caret stands. */
  readonly look: () => void;
  readonly close: () => void;
  /** For the field, so that a screen reader follows. */
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

/** More names than this want another letter. */
const MOST = 6;

export function useMention(area: RefObject<HTMLTextAreaElement | null>, members: readonly Member[], write: (text: string) => void): Mention {
  const id = useId();
  const [asked, setAsked] = useState<Asked>();
  const [at, setAt] = useState(0);
  const people = asked === undefined ? [] : meant(members, asked.typed).slice(0, MOST);
  const open = people.length > 0;
  const optionId = (index: number): string => `${id}-${String(index)}`;
  const close = useCallback(() => setAsked(undefined), []);

  const look = useCallback(() => {
    const field = area.current;
    if (field === null) return;
    const now = field.selectionStart === field.selectionEnd ? askedMention(field.value, field.selectionStart) : undefined;
    setAsked((before) => (before?.from === now?.from && before?.typed === now?.typed ? before : now));
    setAt(0);
  }, [area]);

  const choose = (member: Member): void => {
    const field = area.current;
    if (field === null || asked === undefined) return;
    const put = putMention(field.value, asked, field.selectionStart, member.name);
    write(put.text);
    setAsked(undefined);
    requestAnimationFrame(() => {
      field.focus();
      field.setSelectionRange(put.caret, put.caret);
    });
  };

  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!open) return false;
    const chosen = people[at];
    if (event.key === "ArrowDown") setAt((at + 1) % people.length);
    else if (event.key === "ArrowUp") setAt((at + people.length - 1) % people.length);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen !== undefined) choose(chosen);
    else if (event.key === "Escape") setAsked(undefined);
    else return false;
    event.preventDefault();
    return true;
  };

  const attributes = { "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": open ? id : undefined, "aria-activedescendant": open ? optionId(at) : undefined };
  return { open, id, people, at, optionId, choose, onKeyDown, look, close, attributes };
}
