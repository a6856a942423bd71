/** A menu behind a button, and a popover for anything else. */
import type { ReactElement, ReactNode } from "react";
import {
  Dialog,
  DialogTrigger,
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuTrigger,
  Popover as AriaPopover,
  type PopoverProps as AriaPopoverProps,
  Separator,
  Text,
} from "react-aria-components";
import { cx } from "./cx";
import style from "./Menu.module.css";

export interface MenuProps {
  /** The button that opens it. */
  trigger: ReactElement;
  /** What the menu is about, read aloud. */
  label: string;
  placement?: AriaPopoverProps["placement"];
  children: ReactNode;
}

export function Menu({ trigger, label, placement = "bottom end", children }: MenuProps): ReactElement {
  return (
    <MenuTrigger>
      {trigger}
      <AriaPopover className={style["popover"] ?? ""} placement={placement}>
        <AriaMenu aria-label={label} className={style["list"] ?? ""}>
          {children}
        </AriaMenu>
      </AriaPopover>
    </MenuTrigger>
  );
}

export interface MenuItemProps {
  children: string;
  icon?: ReactElement;
  detail?: string;
  danger?: boolean;
  disabled?: boolean;
  onAction?: () => void;
  href?: string;
}

export function MenuItem({ children, icon, detail, danger = false, disabled = false, onAction, href }: MenuItemProps): ReactElement {
  return (
    <AriaMenuItem
      textValue={children}
      isDisabled={disabled}
      className={cx(style["item"], danger && style["danger"])}
      {...(onAction === undefined ? {} : { onAction })}
      {...(href === undefined ? {} : { href })}
    >
      {icon !== undefined && (
        <span className={style["icon"]} aria-hidden>
          {icon}
        </span>
      )}
      <span className={style["words"]}>
        <Text slot="label">{children}</Text>
        {detail !== undefined && (
          <Text slot="description" className={style["detail"] ?? ""}>
            {detail}
          </Text>
        )}
      </span>
    </AriaMenuItem>
  );
}

export function MenuSeparator(): ReactElement {
  return <Separator className={style["separator"] ?? ""} />;
}

export interface PopoverProps {
  trigger: ReactElement;
  label: string;
  placement?: AriaPopoverProps["placement"];
  children: ReactNode;
}

export function Popover({ trigger, label, placement = "bottom", children }: PopoverProps): ReactElement {
  return (
    <DialogTrigger>
      {trigger}
      <AriaPopover className={style["popover"] ?? ""} placement={placement}>
        <Dialog aria-label={label} className={style["content"] ?? ""}>
          {children}
        </Dialog>
      </AriaPopover>
    </DialogTrigger>
  );
}
