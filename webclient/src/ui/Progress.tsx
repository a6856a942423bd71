/** How far something has come. */
import type { ReactElement } from "react";
import { Label, ProgressBar } from "react-aria-components";
import { cx } from "./cx";
import style from "./Progress.module.css";

export interface ProgressProps {
  label: string;
  /** 0 to 1; undefined when nobody knows. */
  value?: number | undefined;
  /** Beside the label; by itself, percent. */
  words?: string;
  tone?: "accent" | "audience" | "warm";
}

export function Progress({ label, value, words, tone = "accent" }: ProgressProps): ReactElement {
  return (
    <ProgressBar
      className={cx(style["progress"], style[tone])}
      maxValue={1}
      value={value ?? 0}
      isIndeterminate={value === undefined}
      {...(words === undefined ? {} : { valueLabel: words })}
    >
      {({ percentage, valueText }) => (
        <>
          <span className={style["words"]}>
            <Label>{label}</Label>
            {value !== undefined && <span className={style["value"]}>{valueText}</span>}
          </span>
          <span className={style["track"]}>
            <span
              className={cx(style["bar"], value === undefined && style["unknown"])}
              ref={(element) => element?.style.setProperty("inline-size", value === undefined ? "30%" : `${String(percentage)}%`)}
            />
          </span>
        </>
      )}
    </ProgressBar>
  );
}

/** A small turning ring, where a word has no room. */
export function Spinner({ label }: { label: string }): ReactElement {
  return <ProgressBar isIndeterminate aria-label={label} className={style["spinner"] ?? ""} />;
}
