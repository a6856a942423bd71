/** Read aloud, not shown. */
import type { ReactElement, ReactNode } from "react";
import style from "./VisuallyHidden.module.css";

export function VisuallyHidden({ children }: { children: ReactNode }): ReactElement {
  return <span className={style["hidden"]}>{children}</span>;
}

/** Says a change aloud without showing it: a message that came, somebody admitted. */
export function Announce({ children, urgent = false }: { children: ReactNode; urgent?: boolean }): ReactElement {
  return (
    <div className={style["hidden"]} aria-live={urgent ? "assertive" : "polite"} aria-atomic="false" aria-relevant="additions text">
      {children}
    </div>
  );
}
