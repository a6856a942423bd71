/**
 * Short words about what has just happened, with an undo where there is one.
 * They wait while one looks at them, and F6 leads to them.
 */
import type { ReactElement } from "react";
import { Button, Text, UNSTABLE_Toast as AriaToast, UNSTABLE_ToastContent as ToastContent, UNSTABLE_ToastQueue as ToastQueue, UNSTABLE_ToastRegion as ToastRegion } from "react-aria-components";
import { CoreError, explain } from "../core/errors";
import { m } from "../paraglide/messages.js";
import buttonStyle from "./Button.module.css";
import { cx } from "./cx";
import { IconClose, IconDone, IconHarm, IconInfo } from "./icons";
import style from "./Toast.module.css";

interface Words {
  tone: "info" | "done" | "harm";
  text: string;
  detail?: string;
  action?: { label: string; act: () => void };
}

const queue = new ToastQueue<Words>({ maxVisibleToasts: 3 });

/** Long enough to read; what harms stays until closed. */
const TIME = 6_000;
const TIME_TO_UNDO = 10_000;

/** It is done. With `undo`, it can be taken back for ten seconds. */
export function toastDone(text: string, undo?: () => void): void {
  queue.add(
    { tone: "done", text, ...(undo === undefined ? {} : { action: { label: m.ui_undo(), act: undo } }) },
    { timeout: undo === undefined ? TIME : TIME_TO_UNDO },
  );
}

/** Something one may like to know, and can act upon. */
export function toast(text: string, action?: { label: string; act: () => void }): void {
  queue.add({ tone: "info", text, ...(action === undefined ? {} : { action }) }, { timeout: action === undefined ? TIME : TIME_TO_UNDO });
}

/** It did not work, and there is no better place to say so. */
export function toastError(thrown: unknown): void {
  const { title, advice } = explain(CoreError.of(thrown).code);
  queue.add({ tone: "harm", text: title, detail: advice });
}

const ICONS = { info: IconInfo, done: IconDone, harm: IconHarm };

/** Where they appear; once, in the shell. */
export function Toasts(): ReactElement {
  return (
    <ToastRegion queue={queue} aria-label={m.ui_notifications()} className={style["region"] ?? ""}>
      {({ toast: shown }) => {
        const { tone, text, detail, action } = shown.content;
        const Icon = ICONS[tone];
        return (
          <AriaToast toast={shown} className={cx(style["toast"], style[tone])}>
            <Icon size={20} aria-hidden className={style["icon"]} />
            <ToastContent className={style["words"] ?? ""}>
              <Text slot="title" className={style["title"] ?? ""}>
                {text}
              </Text>
              {detail !== undefined && <Text slot="description">{detail}</Text>}
            </ToastContent>
            {action !== undefined && (
              <Button
                className={style["action"] ?? ""}
                onPress={() => {
                  action.act();
                  queue.close(shown.key);
                }}
              >
                {action.label}
              </Button>
            )}
            <Button slot="close" aria-label={m.ui_close()} className={cx(buttonStyle["iconButton"], style["close"])}>
              <IconClose size={18} aria-hidden />
            </Button>
          </AriaToast>
        );
      }}
    </ToastRegion>
  );
}
