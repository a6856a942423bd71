/** One of several: Select when they are few, ComboBox when one types to find. */
import type { ReactElement } from "react";
import {
  Button,
  ComboBox as AriaComboBox,
  Input,
  type Key,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Text,
} from "react-aria-components";
import { m } from "../paraglide/messages.js";
import { cx } from "./cx";
import { Field, type FieldWords } from "./Field";
import style from "./Field.module.css";
import { IconCheck, IconDown } from "./icons";
import menu from "./Menu.module.css";

export interface Choice {
  id: string;
  label: string;
  /** A second line: a role, a place. */
  detail?: string;
  disabled?: boolean;
}

interface ChoiceProps extends FieldWords {
  choices: readonly Choice[];
  value: string | null;
  onChange: (id: string | null) => void;
  placeholder?: string;
  disabled?: boolean;
  name?: string;
}

export type SelectProps = ChoiceProps;

export function Select({ choices, value, onChange, placeholder, disabled = false, name, label, hint, error, need, hideLabel }: SelectProps): ReactElement {
  return (
    <AriaSelect
      className={style["field"] ?? ""}
      value={value}
      onChange={(key: Key | null) => onChange(key === null ? null : String(key))}
      placeholder={placeholder ?? m.ui_choose()}
      isDisabled={disabled}
      isInvalid={error !== undefined}
      isRequired={need === "required"}
      validationBehavior="aria"
      {...(name === undefined ? {} : { name })}
    >
      <Field {...words({ label, hint, error, need, hideLabel })}>
        <Button className={cx(style["input"], style["trigger"])}>
          <SelectValue className={style["value"] ?? ""}>{({ defaultChildren, isPlaceholder }) => (isPlaceholder ? defaultChildren : (choices.find((c) => c.id === value)?.label ?? defaultChildren))}</SelectValue>
          <IconDown size={20} aria-hidden />
        </Button>
      </Field>
      <Popover className={cx(menu["popover"], menu["fitting"])}>
        <ListBox className={menu["list"] ?? ""} items={choices}>
          {(choice) => <Item choice={choice} />}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

export interface ComboBoxProps extends ChoiceProps {
  /** What was typed, when the choices come from elsewhere. */
  onType?: (text: string) => void;
}

export function ComboBox({ choices, value, onChange, onType, placeholder, disabled = false, name, label, hint, error, need, hideLabel }: ComboBoxProps): ReactElement {
  return (
    <AriaComboBox
      className={style["field"] ?? ""}
      value={value}
      onChange={(key: Key | null) => onChange(key === null ? null : String(key))}
      defaultItems={choices}
      menuTrigger="focus"
      allowsEmptyCollection
      isDisabled={disabled}
      isInvalid={error !== undefined}
      isRequired={need === "required"}
      validationBehavior="aria"
      {...(onType === undefined ? {} : { onInputChange: onType })}
      {...(name === undefined ? {} : { name })}
    >
      <Field {...words({ label, hint, error, need, hideLabel })}>
        <div className={style["comboBox"]}>
          <Input className={style["input"] ?? ""} placeholder={placeholder ?? m.ui_choose()} />
          <Button>
            <IconDown size={20} aria-hidden />
          </Button>
        </div>
      </Field>
      <Popover className={cx(menu["popover"], menu["fitting"])}>
        <ListBox<Choice> className={menu["list"] ?? ""} renderEmptyState={() => <p className={menu["empty"]}>{m.ui_no_match()}</p>}>
          {(choice) => <Item choice={choice} />}
        </ListBox>
      </Popover>
    </AriaComboBox>
  );
}

function Item({ choice }: { choice: Choice }): ReactElement {
  return (
    <ListBoxItem id={choice.id} textValue={choice.label} isDisabled={choice.disabled ?? false} className={menu["item"] ?? ""}>
      {({ isSelected }) => (
        <>
          <span className={menu["words"]}>
            <Text slot="label">{choice.label}</Text>
            {choice.detail !== undefined && (
              <Text slot="description" className={menu["detail"] ?? ""}>
                {choice.detail}
              </Text>
            )}
          </span>
          {isSelected && <IconCheck size={18} aria-hidden className={menu["chosen"]} />}
        </>
      )}
    </ListBoxItem>
  );
}

/** Optional words that were not given stay absent. */
function words({ label, hint, error, need, hideLabel }: { [K in keyof FieldWords]: FieldWords[K] | undefined } & { label: string }): FieldWords {
  return {
    label,
    ...(hint === undefined ? {} : { hint }),
    ...(error === undefined ? {} : { error }),
    ...(need === undefined ? {} : { need }),
    ...(hideLabel === undefined ? {} : { hideLabel }),
  };
}
