/** Buttons. One primary a screen; whatever harms is said in words and in red. */
import type { ReactElement, ReactNode } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps, Tooltip, TooltipTrigger } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import style from "./Button.module.css";
import { cx } from "./cx";
import { IconSend } from "./icons";
import { Spinner } from "./Progress";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  /** primary: the one thing to do here. audience: coloured by the audience around it. */
  variant?: "primary" | "secondary" | "quiet" | "danger" | "warm" | "audience";
  small?: boolean;
  /** As wide as its place, as on phones. */
  wide?: boolean;
  icon?: ReactElement;
  /** It is being done: the button stays where it is and says so. */
  busy?: boolean;
  children: ReactNode;
}

export function Button({ variant = "secondary", small = false, wide = false, icon, busy = false, children, ...rest }: ButtonProps): ReactElement {
  return (
    <AriaButton {...rest} isPending={busy} className={cx(style["button"], style[variant], small && style["small"], wide && style["wide"])}>
      {busy ? <Spinner label={m.ui_loading()} /> : icon !== undefined && <span className={style["icon"]} aria-hidden>{icon}</span>}
      <span className={style["label"]}>{children}</span>
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children" | "aria-label"> {
  /** What it does, in words: read aloud, and shown on hover. */
  label: string;
  icon: ReactElement;
  variant?: "plain" | "filled" | "danger" | "audience";
  /** For what is on or off, such as a microphone. */
  pressed?: boolean;
}

export function IconButton({ label, icon, variant = "plain", pressed, ...rest }: IconButtonProps): ReactElement {
  return (
    <TooltipTrigger delay={600} closeDelay={0}>
      <AriaButton
        {...rest}
        aria-label={label}
        {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
        className={cx(style["iconButton"], style[`icon-${variant}`])}
      >
        {icon}
      </AriaButton>
      <Tooltip className={style["tooltip"] ?? ""} offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}

/** What an audience's send button says; the number is of people who will read it. */
const SEND: Readonly<Record<string, (inputs: { count: number }) => string>> = {
  TEAM: m.send_team,
  FAMILY: m.send_family,
  ITEM: m.send_item,
  PLAN: m.send_plan,
  SESSION: m.send_session,
  NETWORK: m.send_network,
};

export interface SendButtonProps extends Omit<ButtonProps, "variant" | "children" | "icon"> {
  audience: string;
  people: number;
}

/** "Envoyer à l’équipe (7)", in the audience's colour: nobody writes into the wrong room. */
export function SendButton({ audience, people, ...rest }: SendButtonProps): ReactElement {
  const words = SEND[audience] ?? m.send_network;
  return (
    <span data-audience={audience} className={style["send"]}>
      <Button {...rest} variant="audience" icon={<IconSend size={18} />}>
        {words({ count: people })}
      </Button>
    </span>
  );
}
