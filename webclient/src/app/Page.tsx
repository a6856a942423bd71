/**
 * The frame of a screen: its title, what can be done from it, and the panel that
 * answers "who". The browser's own title never holds a name: histories are
 * synchronised to places we do not know.
 */
import { useContext, useEffect, useRef, useState, type ReactElement, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { m } from "../paraglide/messages.js";
import { IconButton } from "../ui/Button";
import { Sheet } from "../ui/Dialog";
import { IconBack, IconWho } from "../ui/icons";
import style from "./Page.module.css";
import { PanelContext } from "./panel";
import { back, usePlace } from "./router";

export interface PageProps {
  title: string;
  /** For the browser's tab: "Dossier", never whose. The title itself when it names nobody. */
  tab?: string;
  /** Under the title: a badge of the audience, a line of facts. */
  under?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  /** Where "back" leads when one came here directly; none for the sections of the rail. */
  parent?: string;
  /** The panel's content: audience, presence, consents. */
  who?: ReactNode;
  whoTitle?: string;
  /** At the foot of the screen, always in reach: a composer. */
  foot?: ReactNode;
  /** The whole width, for boards and tables. */
  wide?: boolean;
  children: ReactNode;
}

export function Page({ title, tab, under, actions, parent, who, whoTitle, foot, wide = false, children }: PageProps): ReactElement {
  const panel = useContext(PanelContext);
  const heading = useRef<HTMLHeadingElement>(null);
  const [sheet, setSheet] = useState(false);
  const { path, by } = usePlace();

  useEffect(() => {
    document.title = `${tab ?? title} · ${m.app_name()}`;
  }, [tab, title]);

  // A screen reader begins where the page begins; the first page leaves focus alone.
  useEffect(() => {
    if (by === "start") return;
    heading.current?.focus({ preventScroll: true });
    if (by === "push") scrollTo(0, 0);
  }, [path, by]);

  const answersWho = who !== undefined;
  useEffect(() => {
    panel.setUsed(answersWho);
    return () => panel.setUsed(false);
  }, [panel, answersWho]);

  return (
    <div className={style["page"]} data-wide={wide ? "" : undefined} data-foot={foot === undefined ? undefined : ""}>
      <header className={style["head"]}>
        {parent !== undefined && (
          <span className={style["back"]}>
            <IconButton label={m.nav_back()} icon={<IconBack size={22} aria-hidden className={style["arrow"]} />} onPress={() => back(parent)} />
          </span>
        )}
        <div className={style["titles"]}>
          <h1 ref={heading} tabIndex={-1} className={style["title"]}>
            {title}
          </h1>
        </div>
        <div className={style["actions"]}>
          {actions}
          {who !== undefined && panel.slot === null && (
            <IconButton label={whoTitle ?? m.panel_open()} icon={<IconWho size={22} aria-hidden />} onPress={() => setSheet(true)} />
          )}
        </div>
        {under !== undefined && <div className={style["under"]}>{under}</div>}
      </header>
      <div className={style["body"]}>{children}</div>
      {foot !== undefined && <div className={style["foot"]}>{foot}</div>}
      {who !== undefined && panel.slot !== null && createPortal(who, panel.slot)}
      {who !== undefined && panel.slot === null && (
        <Sheet open={sheet} onClose={() => setSheet(false)} title={whoTitle ?? m.panel_who()}>
          {who}
        </Sheet>
      )}
    </div>
  );
}
