/** Rows of people, cases, documents: a list a screen reader counts. */
import type { ReactElement, ReactNode } from "react";
import { Button } from "react-aria-components";
import { cx } from "./cx";
import { IconForward } from "./icons";
import style from "./List.module.css";

export function List({ children, label, plain = false }: { children: ReactNode; label?: string; plain?: boolean }): ReactElement {
  return (
    // Safari forgets that a list without bullets is a list.
    // oxlint-disable-next-line jsx-a11y/no-redundant-roles
    <ul role="list" className={cx(style["list"], plain && style["plain"])} {...(label === undefined ? {} : { "aria-label": label })}>
      {children}
    </ul>
  );
}

export interface RowProps {
  /** An avatar or an icon. */
  leading?: ReactNode;
  title: ReactNode;
  /** Under the title, one or two lines. */
  detail?: ReactNode;
  /** At the end: a time, a count, a state. */
  meta?: ReactNode;
  /** Makes the whole row a link, or a button. */
  href?: string;
  onPress?: () => void;
  /** Acts beside the row's own; they keep their own target. */
  actions?: ReactNode;
  /** Something new in it. */
  strong?: boolean;
}

export function Row({ leading, title, detail, meta, href, onPress, actions, strong = false }: RowProps): ReactElement {
  const inside = (
    <>
      {leading}
      <span className={style["words"]}>
        <span className={cx(style["title"], strong && style["strong"])}>{title}</span>
        {detail !== undefined && <span className={style["detail"]}>{detail}</span>}
      </span>
      {meta !== undefined && <span className={style["meta"]}>{meta}</span>}
      {(href !== undefined || onPress !== undefined) && <IconForward size={18} aria-hidden className={style["go"]} />}
    </>
  );
  return (
    <li className={style["row"]}>
      {href !== undefined && (
        <a href={href} className={cx(style["inside"], style["active"])}>
          {inside}
        </a>
      )}
      {href === undefined && onPress !== undefined && (
        <Button onPress={onPress} className={cx(style["inside"], style["active"])}>
          {inside}
        </Button>
      )}
      {href === undefined && onPress === undefined && <div className={style["inside"]}>{inside}</div>}
      {actions !== undefined && <span className={style["actions"]}>{actions}</span>}
    </li>
  );
}
