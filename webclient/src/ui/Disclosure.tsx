/** More of something, behind its title. */
import type { ReactElement, ReactNode } from "react";
import { Button, Disclosure as AriaDisclosure, DisclosurePanel, Heading } from "react-aria-components";
import { cx } from "./cx";
import style from "./Disclosure.module.css";
import { IconForward } from "./icons";

export interface DisclosureProps {
  title: ReactNode;
  children: ReactNode;
  open?: boolean;
  small?: boolean;
  /** Makes the title a heading of the page. */
  level?: 2 | 3 | 4;
}

export function Disclosure({ title, children, open = false, small = false, level }: DisclosureProps): ReactElement {
  const trigger = (
    <Button slot="trigger" className={style["trigger"] ?? ""}>
      <IconForward size={18} aria-hidden className={style["arrow"]} />
      {title}
    </Button>
  );
  return (
    <AriaDisclosure defaultExpanded={open} className={cx(style["disclosure"], small && style["small"])}>
      {level === undefined ? (
        trigger
      ) : (
        <Heading level={level} className={style["heading"] ?? ""}>
          {trigger}
        </Heading>
      )}
      <DisclosurePanel className={style["panel"] ?? ""}>{children}</DisclosurePanel>
    </AriaDisclosure>
  );
}
