/**
 * The person's own words. They alone are set in Source Serif italic, wherever
 * they stand: that change of voice is Ensemble's signature. Never for anything
 * that somebody else thinks or decides.
 */
import type { ReactElement, ReactNode } from "react";
import { cx } from "./cx";
import style from "./PersonsWords.module.css";

export interface PersonsWordsProps {
  children: ReactNode;
  /** Who wrote them down, and when. */
  source?: ReactNode;
  /** Large on the stage and in the dossier; medium inside a card. */
  size?: "m" | "l";
}

export function PersonsWords({ children, source, size = "l" }: PersonsWordsProps): ReactElement {
  return (
    <figure className={cx(style["figure"], style[size])}>
      <blockquote className={style["words"]}>{children}</blockquote>
      {source !== undefined && <figcaption className={style["source"]}>{source}</figcaption>}
    </figure>
  );
}
