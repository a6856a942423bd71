/** Nothing here yet, something went wrong, not here yet: each says what to do. */
import type { ReactElement, ReactNode } from "react";
import { explain, type CoreError } from "../core/errors";
import { m } from "../paraglide/messages.js";
import { Button } from "./Button";
import { cx } from "./cx";
import { Disclosure } from "./Disclosure";
import { IconHarm, IconRetry, IconWarning } from "./icons";
import style from "./States.module.css";

export interface EmptyStateProps {
  icon?: ReactElement;
  title: string;
  /** What this place is for, and how something comes here. */
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon, title, children, action }: EmptyStateProps): ReactElement {
  return (
    <div className={style["state"]}>
      {icon !== undefined && (
        <span className={style["disc"]} aria-hidden>
          {icon}
        </span>
      )}
      <p className={style["title"]}>{title}</p>
      {children !== undefined && <p className={style["text"]}>{children}</p>}
      {action}
    </div>
  );
}

export interface ErrorStateProps {
  error: CoreError;
  onRetry?: () => void;
  /** Other ways out, such as home. */
  action?: ReactNode;
}

/** In place of what could not be shown. */
export function ErrorState({ error, onRetry, action }: ErrorStateProps): ReactElement {
  const { title, advice, grave } = explain(error.code);
  return (
    <div className={style["state"]} role="alert">
      <span className={cx(style["disc"], style["harm"])} aria-hidden>
        {grave ? <IconWarning size={28} /> : <IconHarm size={28} />}
      </span>
      <p className={style["title"]}>{title}</p>
      <p className={style["text"]}>{advice}</p>
      <div className={style["actions"]}>
        {onRetry !== undefined && (
          <Button variant="primary" icon={<IconRetry size={18} />} onPress={onRetry}>
            {m.ui_retry()}
          </Button>
        )}
        {action}
      </div>
      <Technical error={error} />
    </div>
  );
}

/** Beside what was tried: a form, a dialog, a composer. */
export function ErrorLine({ error }: { error: CoreError }): ReactElement {
  const { title, advice } = explain(error.code);
  return (
    <div className={style["line"]} role="alert">
      <IconHarm size={20} aria-hidden />
      <p>
        <strong>{title}.</strong> {advice}
      </p>
    </div>
  );
}

/** For whoever is on the phone with support: the code, never content. */
function Technical({ error }: { error: CoreError }): ReactElement {
  return (
    <Disclosure title={m.ui_details()} small>
      <code className={style["code"]}>
        {error.code}
        {error.detail !== undefined && ` · ${error.detail}`}
      </code>
    </Disclosure>
  );
}

/** Grey lines in the shape of what comes; they appear only when it takes a moment. */
export function LoadingState({ lines = 3, faces = false }: { lines?: number; faces?: boolean }): ReactElement {
  return (
    <div className={style["loading"]} role="status">
      <span className={style["hidden"]}>{m.ui_loading()}</span>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className={style["bones"]} aria-hidden>
          {faces && <span className={cx(style["bone"], style["face"])} />}
          <span className={style["column"]}>
            <span className={style["bone"]} />
            <span className={cx(style["bone"], style["short"])} />
          </span>
        </div>
      ))}
    </div>
  );
}

export type NoticeTone = "info" | "warm" | "harm" | "done";

/** A remark above or within what it is about. */
export function Notice({ tone = "info", icon, children, action }: { tone?: NoticeTone; icon?: ReactElement; children: ReactNode; action?: ReactNode }): ReactElement {
  return (
    <div className={cx(style["notice"], style[`tone-${tone}`])} role={tone === "harm" ? "alert" : "note"}>
      {icon !== undefined && (
        <span className={style["noticeIcon"]} aria-hidden>
          {icon}
        </span>
      )}
      <div className={style["noticeWords"]}>{children}</div>
      {action}
    </div>
  );
}
