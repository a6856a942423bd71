/**
 * Dialogs and sheets. A Dialog asks or shows something before going on; a Sheet
 * stands beside the page. On a phone both rise from the bottom, where thumbs are.
 */
import type { ReactElement, ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import type { CoreError } from "../core/errors";
import { m } from "../paraglide/messages.js";
import { Button, IconButton } from "./Button";
import { cx } from "./cx";
import style from "./Dialog.module.css";
import { IconClose } from "./icons";
import { ErrorLine } from "./States";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** Buttons, the one that does it last. */
  actions?: ReactNode;
  wide?: boolean;
  /** Must be answered: no closing by touching beside it. */
  alert?: boolean;
}

export function Dialog({ open, onClose, title, children, actions, wide = false, alert = false }: DialogProps): ReactElement {
  return (
    <ModalOverlay
      isOpen={open}
      onOpenChange={(now) => {
        if (!now) onClose();
      }}
      isDismissable={!alert}
      className={style["overlay"] ?? ""}
    >
      <Modal className={cx(style["modal"], wide && style["wide"])}>
        <AriaDialog role={alert ? "alertdialog" : "dialog"} className={style["dialog"] ?? ""}>
          <Head title={title} onClose={onClose} />
          <div className={style["body"]}>{children}</div>
          {actions !== undefined && <div className={style["actions"]}>{actions}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function Sheet({ open, onClose, title, children, actions }: Omit<DialogProps, "wide" | "alert">): ReactElement {
  return (
    <ModalOverlay
      isOpen={open}
      onOpenChange={(now) => {
        if (!now) onClose();
      }}
      isDismissable
      className={style["overlay"] ?? ""}
    >
      <Modal className={cx(style["modal"], style["sheet"])}>
        <AriaDialog className={style["dialog"] ?? ""}>
          <Head title={title} onClose={onClose} />
          <div className={style["body"]}>{children}</div>
          {actions !== undefined && <div className={style["actions"]}>{actions}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function Head({ title, onClose }: { title: string; onClose: () => void }): ReactElement {
  return (
    <header className={style["head"]}>
      <Heading slot="title" className={style["title"] ?? ""}>
        {title}
      </Heading>
      <IconButton label={m.ui_close()} icon={<IconClose size={20} aria-hidden />} onPress={onClose} />
    </header>
  );
}

export interface FormDialogProps extends Omit<DialogProps, "open" | "actions"> {
  open?: boolean;
  /** What the button does, as a verb: "Retirer l’accord", never "OK". */
  act: string;
  icon?: ReactElement;
  danger?: boolean;
  busy?: boolean;
  isDisabled?: boolean;
  /** Why it could not be done. */
  error?: CoreError | undefined;
  onAct: () => void;
}

/** A dialog that does one thing, or is given up. */
export function FormDialog({ open = true, act, icon, danger = false, busy = false, isDisabled = false, error, onAct, children, ...dialog }: FormDialogProps): ReactElement {
  return (
    <Dialog
      {...dialog}
      open={open}
      actions={
        <>
          <Button variant="quiet" onPress={dialog.onClose}>
            {m.ui_cancel()}
          </Button>
          <Button variant={danger ? "danger" : "primary"} busy={busy} isDisabled={isDisabled} onPress={onAct} {...(icon !== undefined && { icon })}>
            {act}
          </Button>
        </>
      }
    >
      {children}
      {error !== undefined && <ErrorLine error={error} />}
    </Dialog>
  );
}

export interface ConfirmProps extends Pick<FormDialogProps, "onClose" | "title" | "children" | "act" | "danger" | "busy" | "error"> {
  open: boolean;
  onConfirm: () => void;
}

/** Asks before something that cannot be undone; its effect is explained in it. */
export function Confirm({ onConfirm, ...rest }: ConfirmProps): ReactElement {
  return <FormDialog {...rest} alert onAct={onConfirm} />;
}
