/**
 * The frame of everything: rail (a bar below on phones), reading column, panel.
 * Shows how the core stands and what must be known at once: no network, an alarm.
 */
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactElement, type ReactNode } from "react";
import { call } from "../core/client";
import { explain } from "../core/errors";
import { useView } from "../core/hooks";
import { m } from "../paraglide/messages.js";
import { Button } from "../ui/Button";
import { Unread } from "../ui/Badge";
import { IconAgenda, IconCases, IconHome, IconNetwork, IconOffline, IconSettings, IconWarning } from "../ui/icons";
import { Notice } from "../ui/States";
import { toastError } from "../ui/Toast";
import { PanelContext } from "./panel";
import { to, type Section } from "./routes";
import style from "./Shell.module.css";

/** Widths at which the rail and the panel have room; the same in Shell.module.css. */
const PANEL_FITS = "(min-width: 1180px)";

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

const SECTIONS: ReadonlyArray<{ section: Section; href: string; label: () => string; Icon: typeof IconHome }> = [
  { section: "home", href: to.home(), label: m.nav_home, Icon: IconHome },
  { section: "cases", href: to.cases(), label: m.nav_cases, Icon: IconCases },
  { section: "agenda", href: to.agenda(), label: m.nav_agenda, Icon: IconAgenda },
  { section: "network", href: to.network(), label: m.nav_network, Icon: IconNetwork },
  { section: "settings", href: to.settings(), label: m.nav_settings, Icon: IconSettings },
];

export function Shell({ section, children }: { section: Section | undefined; children: ReactNode }): ReactElement {
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  const [used, setUsed] = useState(false);
  const fits = useMedia(PANEL_FITS);
  const panel = useMemo(() => ({ slot: fits ? slot : null, setUsed }), [fits, slot]);
  const waiting = useWaiting();

  return (
    <div className={style["shell"]} data-panel={fits && used ? "" : undefined}>
      <a href="#content" className={style["skip"]}>
        {m.nav_skip()}
      </a>
      <nav aria-label={m.nav_label()} className={style["rail"]}>
        {SECTIONS.map(({ section: name, href, label, Icon }) => (
          <a key={name} href={href} className={style["place"]} aria-current={name === section ? "page" : undefined}>
            <span className={style["placeIcon"]}>
              <Icon size={24} aria-hidden />
              {name === "home" && <span className={style["placeCount"]}><Unread count={waiting} /></span>}
            </span>
            <span className={style["placeWords"]}>{label()}</span>
          </a>
        ))}
      </nav>
      <div className={style["middle"]}>
        <Standing />
        <main id="content" tabIndex={-1} className={style["content"]}>
          <PanelContext value={panel}>{children}</PanelContext>
        </main>
      </div>
      {fits && <aside aria-label={m.panel_who()} ref={setSlot} className={style["panel"]} hidden={!used} />}
    </div>
  );
}

/** How many things wait for me, for the rail. */
function useWaiting(): number {
  const home = useView("home");
  return home.state === "ready" ? home.value.worklist.length : 0;
}

/** Above everything: alarms, then the network. */
export function Standing(): ReactElement | null {
  const status = useView("status");
  const offline = useSettled(status.state === "ready" && !status.value.online && status.value.phase !== "SIGNED_OUT");
  if (status.state !== "ready") return null;
  const { alarms, outbox } = status.value;
  // Always there, so that what comes into it is read aloud.
  if (alarms.length === 0 && !offline) return <div role="status" />;
  return (
    <div role="status" className={style["standing"]}>
      {alarms.map((alarm) => {
        const { title, advice } = explain(alarm.code);
        return (
          <Notice
            key={alarm.id}
            tone="harm"
            icon={<IconWarning size={22} />}
            action={<Button small onPress={() => void call("alarm.seen", { id: alarm.id }).catch(toastError)}>{m.status_alarm_seen()}</Button>}
          >
            <strong>{title}.</strong> {advice}
          </Notice>
        );
      })}
      {offline && (
        <Notice icon={<IconOffline size={22} />}>
          {m.status_offline()} {outbox > 0 && m.status_outbox({ count: outbox })}
        </Notice>
      )}
    </div>
  );
}

/** True once it has been so for two seconds: a tunnel's mouth is no news. */
function useSettled(value: boolean): boolean {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value ? 2000 : 0);
    return () => clearTimeout(timer);
  }, [value]);
  return value && settled;
}
