/**
 * Forms half filled in. The core keeps them sealed on this device: a reload, or a
 * phone that closes the tab, loses nothing, and nothing clinical lies there in
 * the open.
 */
import { useEffect, useState } from "react";
import { ask } from "./client";

/** How long after the last change it is written. */
const AFTER = 400;

interface Waiting {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly text: string;
}

const waiting = new Map<string, Waiting>();

/** What was kept of a form: undefined while the core is asked, null when there is nothing. */
export function useKept(form: string): unknown {
  const [kept, setKept] = useState<{ form: string; value: unknown }>();
  useEffect(() => {
    let current = true;
    const found = (value: unknown): void => {
      if (current) setKept({ form, value });
    };
    ask("form.read", { form })
      .then(({ text }) => found(text === "" ? null : (JSON.parse(text) as unknown)))
      .catch(() => found(null)); // one begins anew
    return () => {
      current = false;
    };
  }, [form]);
  return kept?.form === form ? kept.value : undefined;
}

/** Keeps a form as it is being filled in. */
export function keepForm(form: string, value: unknown): void {
  clearTimeout(waiting.get(form)?.timer);
  waiting.set(form, { text: JSON.stringify(value), timer: setTimeout(() => write(form), AFTER) });
}

/** It was sent, or given up. */
export function forgetForm(form: string): void {
  clearTimeout(waiting.get(form)?.timer);
  waiting.delete(form);
  send(form, "");
}

function write(form: string): void {
  const one = waiting.get(form);
  if (one === undefined) return;
  clearTimeout(one.timer);
  waiting.delete(form);
  send(form, one.text);
}

function send(form: string, text: string): void {
  ask("form.keep", { form, text }).catch(() => undefined); // the tab still has it
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") for (const form of waiting.keys()) write(form);
});
