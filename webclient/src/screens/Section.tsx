/** A part of a screen with its heading, and a way to see the whole of it. */
import { useId, type ReactElement, type ReactNode } from "react";
import style from "./Section.module.css";

export interface SectionProps {
  title: string;
  /** Beside the heading: a link to all of it, a button to add. */
  action?: ReactNode;
  children: ReactNode;
}

export function Section({ title, action, children }: SectionProps): ReactElement {
  const id = useId();
  return (
    <section aria-labelledby={id} className={style["section"]}>
      <header className={style["head"]}>
        <h2 id={id} className={style["title"]}>
          {title}
        </h2>
        {action}
      </header>
      {children}
    </section>
  );
}
