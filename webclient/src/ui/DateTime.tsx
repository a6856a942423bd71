/** Dates and times of day, typed or picked. Loaded lazily: calendars are heavy. */
import { parseDate, parseTime, type CalendarDate, type Time } from "@internationalized/date";
import type { ReactElement } from "react";
import {
  Button,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  CalendarHeading,
  DateInput,
  DatePicker,
  DateSegment,
  Dialog,
  Group,
  Popover,
  TimeField as AriaTimeField,
} from "react-aria-components";
import { m } from "../paraglide/messages.js";
import buttonStyle from "./Button.module.css";
import { cx } from "./cx";
import style from "./DateTime.module.css";
import { Field, type FieldWords } from "./Field";
import fieldStyle from "./Field.module.css";
import { IconAgenda, IconForward, IconPrevious } from "./icons";
import menu from "./Menu.module.css";

export interface DateFieldProps extends FieldWords {
  /** A civil date, YYYY-MM-DD; "" for none. */
  value: string;
  onChange: (date: string) => void;
  /** Earliest and latest that may be chosen. */
  min?: string;
  max?: string;
  disabled?: boolean;
}

export function DateField({ value, onChange, min, max, disabled = false, ...words }: DateFieldProps): ReactElement {
  return (
    <DatePicker
      className={fieldStyle["field"] ?? ""}
      value={read(parseDate, value)}
      onChange={(date: CalendarDate | null) => onChange(date?.toString() ?? "")}
      minValue={min === undefined ? null : read(parseDate, min)}
      maxValue={max === undefined ? null : read(parseDate, max)}
      isDisabled={disabled}
      isInvalid={words.error !== undefined}
      isRequired={words.need === "required"}
      validationBehavior="aria"
    >
      <Field {...words}>
        <Group className={cx(fieldStyle["input"], style["group"])}>
          <DateInput className={style["segments"] ?? ""}>{(segment) => <DateSegment segment={segment} className={style["segment"] ?? ""} />}</DateInput>
          <Button aria-label={m.ui_show_calendar()} className={cx(buttonStyle["iconButton"])}>
            <IconAgenda size={20} aria-hidden />
          </Button>
        </Group>
      </Field>
      <Popover className={menu["popover"] ?? ""}>
        <Dialog className={style["dialog"] ?? ""}>
          <Calendar>
            <header className={style["head"]}>
              <Button slot="previous" aria-label={m.ui_month_before()} className={cx(buttonStyle["iconButton"])}>
                <IconPrevious size={20} aria-hidden />
              </Button>
              <CalendarHeading className={style["month"] ?? ""} />
              <Button slot="next" aria-label={m.ui_month_after()} className={cx(buttonStyle["iconButton"])}>
                <IconForward size={20} aria-hidden />
              </Button>
            </header>
            <CalendarGrid weekdayStyle="short" className={style["grid"] ?? ""}>
              <CalendarGridHeader>{(day) => <CalendarHeaderCell className={style["weekday"] ?? ""}>{day}</CalendarHeaderCell>}</CalendarGridHeader>
              <CalendarGridBody>{(date) => <CalendarCell date={date} className={style["cell"] ?? ""} />}</CalendarGridBody>
            </CalendarGrid>
          </Calendar>
        </Dialog>
      </Popover>
    </DatePicker>
  );
}

export interface TimeFieldProps extends FieldWords {
  /** A time of day, HH:MM; "" for none. */
  value: string;
  onChange: (time: string) => void;
  disabled?: boolean;
}

export function TimeField({ value, onChange, disabled = false, ...words }: TimeFieldProps): ReactElement {
  return (
    <AriaTimeField
      className={fieldStyle["field"] ?? ""}
      value={read(parseTime, value)}
      onChange={(time: Time | null) => onChange(time === null ? "" : time.toString().slice(0, 5))}
      hourCycle={24}
      isDisabled={disabled}
      isInvalid={words.error !== undefined}
      isRequired={words.need === "required"}
      validationBehavior="aria"
    >
      <Field {...words}>
        <DateInput className={cx(fieldStyle["input"], style["segments"], style["alone"])}>
          {(segment) => <DateSegment segment={segment} className={style["segment"] ?? ""} />}
        </DateInput>
      </Field>
    </AriaTimeField>
  );
}

/** What cannot be read counts as nothing. */
function read<T>(parse: (text: string) => T, text: string): T | null {
  try {
    return text === "" ? null : parse(text);
  } catch {
    return null;
  }
}
