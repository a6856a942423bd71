/** A text field that several people write in at once. The caret stays where it was when others write. */
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore, type ReactElement } from "react";
import type * as Y from "yjs";
import { caretAfter, writeText } from "../../coedit/draft";
import { m } from "../../paraglide/messages.js";
import { Faces } from "../../ui/Avatar";
import { TextArea } from "../../ui/TextField";
import { sayAll } from "../../words/lists";
import style from "./Minutes.module.css";

export interface SharedTextProps {
  text: Y.Text;
  label: string;
  hint?: string;
  hideLabel?: boolean;
  placeholder?: string;
  rows?: number;
  readOnly?: boolean;
  /** Who writes here now. */
  writers: ReadonlyArray<{ name: string; user: string }>;
  onFocus: (here: boolean) => void;
}

export function SharedText({ text, label, hint, hideLabel = false, placeholder, rows = 3, readOnly = false, writers, onFocus }: SharedTextProps): ReactElement {
  const area = useRef<HTMLTextAreaElement>(null);
  const selection = useRef<[number, number]>(undefined);
  const value = useSyncExternalStore(
    (listener) => {
      text.observe(listener);
      return () => text.unobserve(listener);
    },
    () => text.toJSON(),
  );

  useEffect(() => {
    const observe = (event: Y.YTextEvent): void => {
      const element = area.current;
      if (event.transaction.local || element === null || document.activeElement !== element) return;
      selection.current = [caretAfter(element.selectionStart, event.delta), caretAfter(element.selectionEnd, event.delta)];
    };
    text.observe(observe);
    return () => text.unobserve(observe);
  }, [text]);

  useLayoutEffect(() => {
    if (selection.current === undefined) return;
    area.current?.setSelectionRange(...selection.current);
    selection.current = undefined;
  }, [value]);

  return (
    <div className={style["shared"]}>
      <TextArea
        label={label}
        {...(hint !== undefined && { hint })}
        {...(placeholder !== undefined && { placeholder })}
        hideLabel={hideLabel}
        rows={rows}
        value={value}
        isReadOnly={readOnly}
        areaRef={area}
        onChange={(next) => writeText(text, next, area.current?.selectionStart)}
        onFocusChange={onFocus}
      />
      {writers.length > 0 && (
        <p className={style["writers"]} role="status">
          <Faces people={writers} /> {m.minutes_writing({ count: writers.length, names: sayAll(writers.map((one) => one.name)) })}
        </p>
      )}
    </div>
  );
}
