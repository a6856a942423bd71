/** The name and its mark: several circles that share a middle. */
import type { ReactElement } from "react";
import { m } from "../paraglide/messages.js";
import style from "./Mark.module.css";

export function Mark({ small = false }: { small?: boolean }): ReactElement {
  return (
    <span className={style["mark"]} data-small={small ? "" : undefined}>
      <svg viewBox="0 0 48 48" aria-hidden className={style["sign"]}>
        <circle cx="18" cy="19" r="11" />
        <circle cx="30" cy="19" r="11" />
        <circle cx="24" cy="29.5" r="11" className={style["person"]} />
      </svg>
      <span>{m.app_name()}</span>
    </span>
  );
}
