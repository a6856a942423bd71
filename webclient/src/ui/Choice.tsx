/** Yes or no, one of a few, several of a few. The whole line can be touched. */
import type { ReactElement, ReactNode } from "react";
import {
  Checkbox as AriaCheckbox,
  CheckboxGroup as AriaCheckboxGroup,
  Radio as AriaRadio,
  RadioGroup as AriaRadioGroup,
  Switch as AriaSwitch,
} from "react-aria-components";
import style from "./Choice.module.css";
import { cx } from "./cx";
import { Field, type FieldWords } from "./Field";
import fieldStyle from "./Field.module.css";
import { IconCheck, IconMinus } from "./icons";

interface Line {
  children: ReactNode;
  /** A second line, in smaller type. */
  detail?: ReactNode;
  disabled?: boolean;
}

function Words({ children, detail }: Line): ReactElement {
  return (
    <span className={style["words"]}>
      <span>{children}</span>
      {detail !== undefined && <span className={style["detail"]}>{detail}</span>}
    </span>
  );
}

export interface CheckboxProps extends Line {
  /** Within a group. */
  value?: string;
  checked?: boolean;
  indeterminate?: boolean;
  onChange?: (checked: boolean) => void;
  /** In a card of its own. */
  card?: boolean;
}

export function Checkbox({ value, checked, indeterminate = false, onChange, disabled = false, card = false, ...line }: CheckboxProps): ReactElement {
  return (
    <AriaCheckbox
      className={cx(style["line"], card && style["card"])}
      isIndeterminate={indeterminate}
      isDisabled={disabled}
      {...(value === undefined ? {} : { value })}
      {...(checked === undefined ? {} : { isSelected: checked })}
      {...(onChange === undefined ? {} : { onChange })}
    >
      <span className={style["box"]} aria-hidden>
        {indeterminate ? <IconMinus size={18} strokeWidth={3} /> : <IconCheck size={18} strokeWidth={3} />}
      </span>
      <Words {...line} />
    </AriaCheckbox>
  );
}

export interface CheckboxGroupProps extends FieldWords {
  value: readonly string[];
  onChange: (value: string[]) => void;
  disabled?: boolean;
  children: ReactNode;
}

export function CheckboxGroup({ value, onChange, disabled = false, children, ...words }: CheckboxGroupProps): ReactElement {
  return (
    <AriaCheckboxGroup
      className={fieldStyle["field"] ?? ""}
      value={[...value]}
      onChange={onChange}
      isDisabled={disabled}
      isInvalid={words.error !== undefined}
      isRequired={words.need === "required"}
      validationBehavior="aria"
    >
      <Field {...words}>
        <div className={style["group"]}>{children}</div>
      </Field>
    </AriaCheckboxGroup>
  );
}

export interface RadioGroupProps extends FieldWords {
  value: string | null;
  onChange: (value: string) => void;
  disabled?: boolean;
  children: ReactNode;
}

export function RadioGroup({ value, onChange, disabled = false, children, ...words }: RadioGroupProps): ReactElement {
  return (
    <AriaRadioGroup
      className={fieldStyle["field"] ?? ""}
      value={value}
      onChange={onChange}
      isDisabled={disabled}
      isInvalid={words.error !== undefined}
      isRequired={words.need === "required"}
      validationBehavior="aria"
    >
      <Field {...words}>
        <div className={style["group"]}>{children}</div>
      </Field>
    </AriaRadioGroup>
  );
}

export function Radio({ value, disabled = false, card = false, ...line }: Line & { value: string; card?: boolean }): ReactElement {
  return (
    <AriaRadio value={value} isDisabled={disabled} className={cx(style["line"], card && style["card"])}>
      <span className={cx(style["box"], style["round"])} aria-hidden>
        <span className={style["dot"]} />
      </span>
      <Words {...line} />
    </AriaRadio>
  );
}

export interface SwitchProps extends Line {
  on: boolean;
  onChange: (on: boolean) => void;
}

export function Switch({ on, onChange, disabled = false, ...line }: SwitchProps): ReactElement {
  return (
    <AriaSwitch isSelected={on} onChange={onChange} isDisabled={disabled} className={cx(style["line"], style["switch"])}>
      <Words {...line} />
      <span className={style["track"]} aria-hidden>
        <span className={style["knob"]} />
      </span>
    </AriaSwitch>
  );
}
