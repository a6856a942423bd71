/** A white card, only where something can be acted upon. */
import type { ReactElement, ReactNode } from "react";
import { cx } from "./cx";
import style from "./Card.module.css";

export interface CardProps {
  children: ReactNode;
  /** Coloured edge: of an audience (with data-audience around it), or warm for what waits. */
  edge?: "audience" | "warm" | "accent";
  /** Names the card's region by the id of its heading. */
  labelledBy?: string;
}

export function Card({ children, edge, labelledBy }: CardProps): ReactElement {
  return (
    <section className={cx(style["card"], edge !== undefined && style[edge])} {...(labelledBy === undefined ? {} : { "aria-labelledby": labelledBy })}>
      {children}
    </section>
  );
}
