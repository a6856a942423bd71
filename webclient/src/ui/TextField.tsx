/** One line, several lines, a search. */
import { useLayoutEffect, useRef, type ReactElement, type Ref } from "react";
import {
  Button as AriaButton,
  Input,
  SearchField as AriaSearchField,
  type SearchFieldProps as AriaSearchFieldProps,
  TextArea as AriaTextArea,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
} from "react-aria-components";
import { m } from "../paraglide/messages.js";
import buttonStyle from "./Button.module.css";
import { cx } from "./cx";
import { Field, type FieldWords } from "./Field";
import style from "./Field.module.css";
import { IconClose, IconSearch } from "./icons";

type Own<P> = Omit<P, "className" | "style" | "children">;

export type TextFieldProps = FieldWords & Own<AriaTextFieldProps> & { placeholder?: string; inputRef?: Ref<HTMLInputElement> };

export function TextField({ label, hint, error, need, hideLabel, placeholder, inputRef, ...rest }: TextFieldProps): ReactElement {
  const words = { label, ...given({ hint, error, need, hideLabel }) };
  return (
    <AriaTextField {...rest} className={style["field"] ?? ""} isRequired={need === "required"} isInvalid={error !== undefined} validationBehavior="aria">
      <Field {...words}>
        <Input className={style["input"] ?? ""} {...given({ placeholder, ref: inputRef })} />
      </Field>
    </AriaTextField>
  );
}

export type TextAreaProps = FieldWords &
  Own<AriaTextFieldProps> & {
    placeholder?: string;
    /** Lines before anything is written. */
    rows?: number;
    areaRef?: Ref<HTMLTextAreaElement>;
    /** Beside the field's own; for a composer's edge. */
    areaClassName?: string;
  };

export function TextArea({ label, hint, error, need, hideLabel, placeholder, rows = 3, areaRef, areaClassName, ...rest }: TextAreaProps): ReactElement {
  const words = { label, ...given({ hint, error, need, hideLabel }) };
  const own = useRef<HTMLTextAreaElement | null>(null);
  useGrowing(own, rest.value ?? rest.defaultValue);
  return (
    <AriaTextField {...rest} className={style["field"] ?? ""} isRequired={need === "required"} isInvalid={error !== undefined} validationBehavior="aria">
      <Field {...words}>
        <AriaTextArea
          ref={(element) => {
            own.current = element;
            element?.style.setProperty("--rows", String(rows));
            if (typeof areaRef === "function") areaRef(element);
            else if (areaRef) areaRef.current = element;
          }}
          rows={rows}
          className={cx(style["input"], style["area"], areaClassName)}
          {...given({ placeholder })}
        />
      </Field>
    </AriaTextField>
  );
}

/** Browsers without `field-sizing` get the height from the text. */
function useGrowing(area: { readonly current: HTMLTextAreaElement | null }, value: string | undefined): void {
  useLayoutEffect(() => {
    const element = area.current;
    if (element === null || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${String(element.scrollHeight)}px`;
  }, [area, value]);
}

export type SearchFieldProps = Pick<FieldWords, "label" | "hint"> & Own<AriaSearchFieldProps> & { placeholder?: string };

export function SearchField({ label, hint, placeholder, ...rest }: SearchFieldProps): ReactElement {
  return (
    <AriaSearchField {...rest} className={style["field"] ?? ""}>
      {({ isEmpty }) => (
        <Field label={label} hideLabel {...given({ hint })}>
          <div className={style["withIcon"]} {...(isEmpty ? { "data-empty": true } : {})}>
            <IconSearch size={20} aria-hidden />
            <Input className={style["input"] ?? ""} {...given({ placeholder })} />
            <AriaButton className={cx(buttonStyle["iconButton"])} aria-label={m.ui_remove({ what: label })}>
              <IconClose size={18} aria-hidden />
            </AriaButton>
          </div>
        </Field>
      )}
    </AriaSearchField>
  );
}

/** Leaves out what was not given, so that optional properties stay absent. */
function given<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}
