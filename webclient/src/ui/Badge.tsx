/** Counts and short words. Colour never says it alone. */
import type { ReactElement, ReactNode } from "react";
import { Button } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import style from "./Badge.module.css";
import { cx } from "./cx";
import { IconClose } from "./icons";

/** How many are unread; nothing when none. */
export function Unread({ count, mention = false }: { count: number; mention?: boolean }): ReactElement | null {
  if (count <= 0) return null;
  return (
    <span className={cx(style["count"], mention && style["mention"])}>
      <span aria-hidden>
        {mention && "@"}
        {count > 99 ? "99+" : count}
      </span>
      <span className={style["hidden"]}>{m.ui_unread({ count })}</span>
    </span>
  );
}

export type Tone = "neutral" | "accent" | "warm" | "done" | "harm" | "audience";

export interface ChipProps {
  children: ReactNode;
  tone?: Tone;
  icon?: ReactElement;
  /** Can be taken away; the words name what. */
  onRemove?: () => void;
  removeLabel?: string;
}

/** A state in one or two words. */
export function Chip({ children, tone = "neutral", icon, onRemove, removeLabel }: ChipProps): ReactElement {
  return (
    <span className={cx(style["chip"], style[tone], onRemove !== undefined && style["removable"])}>
      {icon !== undefined && (
        <span aria-hidden className={style["icon"]}>
          {icon}
        </span>
      )}
      {children}
      {onRemove !== undefined && (
        <Button className={style["remove"] ?? ""} onPress={onRemove} aria-label={m.ui_remove({ what: removeLabel ?? (typeof children === "string" ? children : "") })}>
          <IconClose size={16} aria-hidden />
        </Button>
      )}
    </span>
  );
}
