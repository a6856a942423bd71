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
  level?: 2 | 3 | 4;
}

export function Disclosure({ title, children, open = false, small = false, level = 3 }: DisclosureProps): ReactElement {
  return (
    <AriaDisclosure defaultExpanded={open} className={cx(style["disclosure"], small && style["small"])}>
      <Heading level={level} className={style["heading"] ?? ""}>
        <Button slot="trigger" className={style["trigger"] ?? ""}>
          <IconForward size={18} aria-hidden className={style["arrow"]} />
          {title}
        </Button>
      </Heading>
      <DisclosurePanel className={style["panel"] ?? ""}>{children}</DisclosurePanel>
    </AriaDisclosure>
  );
}
