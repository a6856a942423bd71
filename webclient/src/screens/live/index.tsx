/** The meeting itself: the one dark room. */
import { useEffect, useRef, useState, useSyncExternalStore, type ReactElement } from "react";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useView } from "../../core/hooks";
import type { CallView, ItemView, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { IconButton } from "../../ui/Button";
import { Sheet } from "../../ui/Dialog";
import { IconClose } from "../../ui/icons";
import { PersonsWords } from "../../ui/PersonsWords";
import { toastError } from "../../ui/Toast";
import { Announce } from "../../ui/VisuallyHidden";
import { Loaded } from "../Loaded";
import { Positions } from "../minutes/Positions";
import { AgendaLine } from "./AgendaLine";
import { AgendaPanel } from "./AgendaPanel";
import { Bar, PANELS } from "./Bar";
import { Chat, unreadIn } from "./Chat";
import { Coming, isHere } from "./Coming";
import { Curtain } from "./Curtain";
import style from "./Live.module.css";
import { MinutesPanel } from "./MinutesPanel";
import { NetworkWord } from "./NetworkWord";
import { BESIDE, type PanelId } from "./panels";
import panelStyle from "./Panels.module.css";
import { presenceOf, runningItem } from "./people";
import { Hands, Present, Quorum, Waiting } from "./Presence";
import { useShortcuts, type Shortcuts } from "./shortcuts";
import { Stage } from "./Stage";
import { Closed, Left, NotIn, Removed } from "./Standing";
import { useAnnounced } from "./useAnnounced";
import { useMeeting } from "./useMeeting";

export default function Live({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const session = useView("session", { session: id });
  const running = useView("call", { session: id });
  return (
    <Loaded view={session} title={m.live_tab()} parent={to.session(id)}>
      {(value) => (isHere(value) ? <Room session={value} view={running.state === "ready" ? running.value : undefined} /> : <Coming session={value} title={m.live_tab()} />)}
    </Loaded>
  );
}

const useBeside = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      const query = matchMedia(BESIDE);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => matchMedia(BESIDE).matches,
  );

const NOWHERE: Pick<CallView, "state" | "roster" | "hands" | "item" | "call"> = { state: "NONE", roster: [], hands: [], item: "", call: "" };

function Room({ session, view }: { session: SessionView; view: CallView | undefined }): ReactElement {
  const inMeeting = useMeeting(session.session);
  const { meeting, state } = inMeeting;
  const [left, setLeft] = useState(false);
  const mayEnter = session.can.enter;
  const closed = session.status === "CLOSED" || session.state === "ENDED";

  useEffect(() => {
    document.title = `${m.live_tab()} · ${m.app_name()}`;
  }, []);
  useEffect(() => {
    if (left || closed) return;
    if (!mayEnter) {
      navigate(to.lobby(session.session), { replace: true });
      return;
    }
    void meeting.own.open();
    void meeting.enter();
  }, [meeting, left, closed, mayEnter, session.session]);
  useEffect(() => {
    if (closed) void meeting.leave();
  }, [meeting, closed]);

  const leave = (): void => {
    setLeft(true);
    void meeting.leave();
  };
  const current: CallView = view ?? { session: session.session, epoch: 0, ...NOWHERE };
  const inside = state.phase === "entered" && current.state === "IN";

  if (closed) return <Closed session={session} />;
  if (left) return <Left session={session} onReturn={() => setLeft(false)} />;
  return <Entered session={session} view={current} inside={inside} inMeeting={inMeeting} onLeave={leave} />;
}

interface EnteredProps {
  session: SessionView;
  view: CallView;
  /** In the running item's call. */
  inside: boolean;
  inMeeting: ReturnType<typeof useMeeting>;
  onLeave: () => void;
}

/** What stays while items change: the sheet that is open, the curtain, the focus. */
function Entered(props: EnteredProps): ReactElement {
  const { session, view, inside, inMeeting } = props;
  const { meeting } = inMeeting;
  const room = useRef<HTMLDivElement>(null);
  const [panel, setPanel] = useState<PanelId | undefined>(() => (matchMedia(BESIDE).matches ? (session.can.chair ? "agenda" : "people") : undefined));
  const [focus, setFocus] = useState(false);
  const said = useAnnounced(session);
  const hand = view.hands.includes(session.me.user);
  const raise = (): void => {
    if (inside) call("call.hand", { session: session.session, raised: !hand }).catch(toastError);
  };
  const shortcuts = useShortcuts({
    m: () => meeting.own.toggle("microphone"),
    v: () => meeting.own.toggle("camera"),
    h: raise,
  });
  // A screen reader and the keyboard begin here, not where the lobby was.
  useEffect(() => room.current?.focus({ preventScroll: true }), []);
  const known = session.items.find((one) => one.room === view.item)?.known ?? false;
  const drawn = { ...props, panel, setPanel, focus, setFocus, hand, raise, shortcuts };
  return (
    <div ref={room} tabIndex={-1} className={style["room"]} data-theme="dark">
      {inside && known ? <WithItem {...drawn} /> : <Dark {...drawn} item={undefined} />}
      <Curtain session={session} question={runningItem(session)?.question} />
      <Announce>{said}</Announce>
    </div>
  );
}

interface DarkProps extends EnteredProps {
  panel: PanelId | undefined;
  setPanel: (panel: PanelId | undefined) => void;
  focus: boolean;
  setFocus: (focus: boolean) => void;
  hand: boolean;
  raise: () => void;
  shortcuts: Shortcuts;
}

function WithItem(props: DarkProps): ReactElement {
  const item = useView("item", { room: props.view.item });
  return <Dark {...props} item={item.state === "ready" ? item.value : undefined} />;
}

function Dark({ session, view, inside, inMeeting, onLeave, item, panel, setPanel, focus, setFocus, hand, raise, shortcuts }: DarkProps & { item: ItemView | undefined }): ReactElement {
  const beside = useBeside();
  const panels: PanelId[] = ["agenda", "people", ...(item === undefined ? [] : (["chat", "positions", "minutes"] as const))];
  const shown = panel !== undefined && panels.includes(panel) ? panel : undefined;
  const close = (): void => setPanel(undefined);
  const content = shown === undefined ? null : <Panel id={shown} session={session} view={view} item={item} />;
  const waiting = session.can.chair ? presenceOf(session).waiting.filter((one) => one.user !== session.me.user).length : 0;
  const question = item?.question ?? runningItem(session)?.question;

  return (
    <>
      <header className={style["head"]}>
        <AgendaLine session={session} />
        <NetworkWord network={inMeeting.state.network} />
      </header>
      <div className={style["middle"]}>
        <main className={style["main"]}>
          {inside ? (
            <>
              <div className={style["title"]}>
                <h1>{question ?? session.title}</h1>
                {item?.wish !== undefined && item.wish !== "" && (
                  <PersonsWords size="m" source={item.person}>
                    {item.wish}
                  </PersonsWords>
                )}
              </div>
              <Stage view={view} inMeeting={inMeeting} focus={focus} />
            </>
          ) : view.state === "REMOVED" && inMeeting.state.phase === "entered" ? (
            <Removed why={view.why} meeting={inMeeting.meeting} />
          ) : (
            <NotIn session={session} view={view} inMeeting={inMeeting} />
          )}
        </main>
        {shown !== undefined && beside && (
          <aside className={style["side"]} data-theme="light" aria-label={PANELS[shown].name()}>
            <div className={style["sideHead"]}>
              <h2>{PANELS[shown].name()}</h2>
              <IconButton label={m.ui_close()} icon={<IconClose size={20} aria-hidden />} onPress={close} />
            </div>
            {/* Scrolled by keyboard too. */}
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
            <div className={style["sideBody"]} role="group" tabIndex={0} aria-label={PANELS[shown].name()}>
              {content}
            </div>
          </aside>
        )}
      </div>
      <Bar
        inMeeting={inMeeting}
        inCall={inside}
        hand={hand}
        onHand={raise}
        focus={focus}
        onFocus={() => setFocus(!focus)}
        panel={shown}
        panels={panels}
        onPanel={(next) => setPanel(next === shown ? undefined : next)}
        unread={item === undefined || shown === "chat" ? 0 : unreadIn(item.chat)}
        waiting={waiting}
        shortcuts={shortcuts}
        onLeave={onLeave}
      />
      {!beside && (
        <Sheet open={shown !== undefined} onClose={close} title={shown === undefined ? "" : PANELS[shown].name()}>
          {content}
        </Sheet>
      )}
    </>
  );
}

function Panel({ id, session, view, item }: { id: PanelId; session: SessionView; view: CallView; item: ItemView | undefined }): ReactElement | null {
  if (id === "agenda") return <AgendaPanel session={session} />;
  if (id === "people")
    return (
      <div className={panelStyle["parts"]}>
        {item !== undefined && <Quorum session={session} item={item} />}
        <Hands session={session} hands={view.hands} />
        <Waiting session={session} />
        <Present session={session} />
      </div>
    );
  if (item === undefined) return null;
  if (id === "chat") return <Chat room={item.chat} />;
  return id === "positions" ? <Positions item={item} me={session.me.user} /> : <MinutesPanel item={item} />;
}
