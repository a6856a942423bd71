/** Single keys for what one does often; they can be turned off (WCAG 2.1.4). */
import { useEffect, useRef, useState } from "react";

export interface Shortcuts {
  readonly on: boolean;
  readonly set: (on: boolean) => void;
}

const KEY = "ensemble.shortcuts";

/** Where a key is a letter of a text, or a choice in a list. */
const TAKEN = "input, textarea, select, [contenteditable], [role=dialog], [role=alertdialog], [role=menu], [role=listbox]";

export function useShortcuts(acts: Readonly<Record<string, () => void>>): Shortcuts {
  const [on, setOn] = useState(() => {
    try {
      return localStorage.getItem(KEY) !== "off";
    } catch {
      return true; // a browser that keeps nothing
    }
  });
  const latest = useRef(acts);
  useEffect(() => {
    latest.current = acts;
  });
  useEffect(() => {
    if (!on) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(TAKEN) !== null) return;
      const act = latest.current[event.key.toLowerCase()];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [on]);
  const set = (value: boolean): void => {
    setOn(value);
    try {
      localStorage.setItem(KEY, value ? "on" : "off");
    } catch {
      // It holds for this visit.
    }
  };
  return { on, set };
}
