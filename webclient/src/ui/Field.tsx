/** What every field has: a label, a word of help, an error that says what to do. */
import type { ReactElement, ReactNode } from "react";
import { FieldError, Label, Text } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import style from "./Field.module.css";
import { IconHarm } from "./icons";

export interface FieldWords {
  label: string;
  /** A word of help, shown before anything goes wrong. */
  hint?: string;
  /** What is wrong and what to do; the field is marked invalid. */
  error?: string | undefined;
  /** Said in words beside the label. */
  need?: "required" | "optional";
  /** The label is read aloud and not shown: its place says what it is. */
  hideLabel?: boolean;
}

/** Label, field, hint and error in their order. Stands inside a react-aria field. */
export function Field({ label, hint, error, need, hideLabel = false, children }: FieldWords & { children: ReactNode }): ReactElement {
  return (
    <>
      <Label className={hideLabel ? (style["hidden"] ?? "") : (style["label"] ?? "")}>
        {label}
        {need !== undefined && <span className={style["need"]}> ({need === "required" ? m.ui_required() : m.ui_optional()})</span>}
      </Label>
      {hint !== undefined && (
        <Text slot="description" className={style["hint"] ?? ""}>
          {hint}
        </Text>
      )}
      {children}
      <FieldError className={style["error"] ?? ""}>
        {({ validationErrors }) => (
          <>
            <IconHarm size={18} aria-hidden />
            <span>{error ?? validationErrors.join(" ")}</span>
          </>
        )}
      </FieldError>
    </>
  );
}
