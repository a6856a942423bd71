/** A text that survives leaving the conversation: the core keeps it, encrypted like everything. */
import { useCallback, useEffect, useRef, useState } from "react";
import { call } from "../../core/client";

/** A breath after the last letter, in milliseconds. */
const BREATH = 500;

export function useDraft(room: string, kept: string): { text: string; write: (text: string) => void; sent: () => void } {
  const [text, setText] = useState(kept);
  const waiting = useRef<{ text: string; timer: ReturnType<typeof setTimeout> } | undefined>(undefined);

  const save = useCallback(
    (value: string) => {
      waiting.current = undefined;
      // A draft that could not be kept is still on screen.
      void call("room.draft", { room, text: value }).catch(() => undefined);
    },
    [room],
  );

  const write = useCallback(
    (value: string) => {
      setText(value);
      clearTimeout(waiting.current?.timer);
      waiting.current = { text: value, timer: setTimeout(() => save(value), BREATH) };
    },
    [save],
  );

  /** The core forgets the draft of what it was given to send. */
  const sent = useCallback(() => {
    clearTimeout(waiting.current?.timer);
    waiting.current = undefined;
    setText("");
  }, []);

  useEffect(() => {
    const flush = (): void => {
      if (waiting.current === undefined) return;
      clearTimeout(waiting.current.timer);
      save(waiting.current.text);
    };
    addEventListener("pagehide", flush);
    return () => {
      removeEventListener("pagehide", flush);
      flush();
    };
  }, [save]);

  return { text, write, sent };
}
