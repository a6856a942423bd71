/** Buttons that belong together: one stop for the Tab key, arrows within. */
import type { ReactElement, ReactNode } from "react";
import { Toolbar as AriaToolbar } from "react-aria-components";
import style from "./Toolbar.module.css";

export function Toolbar({ label, children }: { label: string; children: ReactNode }): ReactElement {
  return (
    <AriaToolbar aria-label={label} className={style["toolbar"] ?? ""}>
      {children}
    </AriaToolbar>
  );
}
