/** What one can do, in reach of a thumb. */
import type { ReactElement } from "react";
import { Button as AriaButton } from "react-aria-components";
import { DeviceError } from "../../media/devices";
import { m } from "../../paraglide/messages.js";
import { Switch } from "../../ui/Choice";
import { IconMore } from "../../ui/icons";
import { Menu, MenuItem, MenuSeparator, Popover } from "../../ui/Menu";
import { toastError } from "../../ui/Toast";
import { VisuallyHidden } from "../../ui/VisuallyHidden";
import {
  IconAgendaList,
  IconCamera,
  IconCameraOff,
  IconChat,
  IconGrid,
  IconHand,
  IconKeyboard,
  IconLeave,
  IconMicrophone,
  IconMicrophoneOff,
  IconMinutes,
  IconPeople,
  IconPositions,
  IconShare,
  IconShareStop,
  IconSpeakerView,
} from "./icons";
import style from "./Live.module.css";
import type { PanelId } from "./panels";
import type { Shortcuts } from "./shortcuts";
import type { InMeeting } from "./useMeeting";

export interface BarProps {
  inMeeting: InMeeting;
  /** In a call: screen, hand and faces make sense. */
  inCall: boolean;
  hand: boolean;
  onHand: () => void;
  focus: boolean;
  onFocus: () => void;
  panel: PanelId | undefined;
  panels: readonly PanelId[];
  onPanel: (panel: PanelId) => void;
  unread: number;
  waiting: number;
  shortcuts: Shortcuts;
  onLeave: () => void;
}

const canShare = (): boolean => "mediaDevices" in navigator && "getDisplayMedia" in navigator.mediaDevices;

export const PANELS: Readonly<Record<PanelId, { name: () => string; Icon: typeof IconPeople }>> = {
  agenda: { name: m.session_agenda, Icon: IconAgendaList },
  people: { name: m.live_people, Icon: IconPeople },
  chat: { name: m.live_chat, Icon: IconChat },
  positions: { name: m.minutes_positions, Icon: IconPositions },
  minutes: { name: m.minutes_tab, Icon: IconMinutes },
};

export function Bar({ inMeeting, inCall, hand, onHand, focus, onFocus, panel, panels, onPanel, unread, waiting, shortcuts, onLeave }: BarProps): ReactElement {
  const { meeting, own } = inMeeting;
  const sharing = own.screen !== undefined;
  const share = (): void => {
    if (sharing) {
      meeting.own.unshare();
      return;
    }
    meeting.own.share().catch((thrown: unknown) => {
      // Closing the picker is no failure.
      if (!(thrown instanceof DeviceError && thrown.problem === "refused")) toastError(thrown);
    });
  };
  const counts: Partial<Record<PanelId, number>> = { chat: unread, people: waiting };
  return (
    <footer className={style["bar"]}>
      <div className={style["acts"]} role="group" aria-label={m.live_controls()}>
        <Microphone inMeeting={inMeeting} />
        <Camera inMeeting={inMeeting} />
        {inCall && (
          <Control label={hand ? m.live_hand_down() : m.live_hand_up()} short={m.live_hand()} keyName="H" pressed={hand} onPress={onHand} icon={<IconHand size={22} aria-hidden />} />
        )}
        {inCall && canShare() && (
          <span className={style["wideOnly"]}>
            <Control
              label={sharing ? m.live_share_stop() : m.live_share()}
              short={m.live_share_short()}
              pressed={sharing}
              onPress={share}
              icon={sharing ? <IconShareStop size={22} aria-hidden /> : <IconShare size={22} aria-hidden />}
            />
          </span>
        )}
        {inCall && (
          <span className={style["wideOnly"]}>
            <Control
              label={focus ? m.live_view_grid() : m.live_view_speaker()}
              short={focus ? m.live_view_grid_short() : m.live_view_speaker_short()}
              onPress={onFocus}
              icon={focus ? <IconGrid size={22} aria-hidden /> : <IconSpeakerView size={22} aria-hidden />}
            />
          </span>
        )}
      </div>
      <div className={style["panels"]} role="group" aria-label={m.live_panels()}>
        {panels.map((id) => {
          const { name, Icon } = PANELS[id];
          return (
            <PanelControl
              key={id}
              name={name()}
              open={panel === id}
              onPress={() => onPanel(id)}
              icon={<Icon size={22} aria-hidden />}
              count={counts[id] ?? 0}
              words={id === "chat" ? m.ui_unread({ count: unread }) : m.live_waiting({ count: waiting })}
            />
          );
        })}
      </div>
      <div className={style["ends"]}>
        <span className={style["narrowOnly"]}>
          <Menu
            label={m.live_more()}
            placement="top end"
            trigger={
              <AriaButton className={style["control"] ?? ""}>
                <IconMore size={22} aria-hidden />
                <span className={style["controlWords"]}>{m.live_more_short()}</span>
                <Count count={unread + waiting} words={waiting > 0 ? m.live_waiting({ count: waiting }) : m.ui_unread({ count: unread })} />
              </AriaButton>
            }
          >
            {panels.map((id) => {
              const { name, Icon } = PANELS[id];
              return (
                <MenuItem key={id} icon={<Icon size={20} />} onAction={() => onPanel(id)}>
                  {name()}
                </MenuItem>
              );
            })}
            {inCall && <MenuSeparator />}
            {inCall && (
              <MenuItem icon={focus ? <IconGrid size={20} /> : <IconSpeakerView size={20} />} onAction={onFocus}>
                {focus ? m.live_view_grid() : m.live_view_speaker()}
              </MenuItem>
            )}
            {inCall && canShare() && (
              <MenuItem icon={<IconShare size={20} />} onAction={share}>
                {sharing ? m.live_share_stop() : m.live_share()}
              </MenuItem>
            )}
          </Menu>
        </span>
        <span className={style["wideOnly"]}>
          <Popover
            label={m.live_shortcuts()}
            placement="top end"
            trigger={
              <AriaButton className={style["control"] ?? ""} aria-label={m.live_shortcuts()}>
                <IconKeyboard size={22} aria-hidden />
                <span className={style["controlWords"]}>{m.live_shortcuts_short()}</span>
              </AriaButton>
            }
          >
            <ShortcutHelp shortcuts={shortcuts} />
          </Popover>
        </span>
        <Control label={m.live_leave()} short={m.live_leave()} tone="leave" onPress={onLeave} icon={<IconLeave size={22} aria-hidden />} />
      </div>
    </footer>
  );
}

function ShortcutHelp({ shortcuts }: { shortcuts: Shortcuts }): ReactElement {
  return (
    <div className={style["help"]}>
      <h3>{m.live_shortcuts()}</h3>
      <dl>
        <dt>M</dt>
        <dd>{m.live_key_m()}</dd>
        <dt>V</dt>
        <dd>{m.live_key_v()}</dd>
        <dt>H</dt>
        <dd>{m.live_key_h()}</dd>
      </dl>
      <Switch on={shortcuts.on} onChange={shortcuts.set}>
        {m.live_shortcuts_on()}
      </Switch>
    </div>
  );
}

export function Microphone({ inMeeting }: { inMeeting: InMeeting }): ReactElement {
  const { meeting, own } = inMeeting;
  const { on, problem, opening } = own.microphone;
  const live = on && problem === undefined;
  return (
    <Control
      label={problem === undefined ? (live ? m.live_microphone_off() : m.live_microphone_on()) : m.live_microphone_retry()}
      short={problem === undefined ? m.live_microphone() : m.live_microphone_none()}
      keyName="M"
      tone={live ? undefined : "off"}
      pending={opening}
      onPress={() => meeting.own.toggle("microphone")}
      icon={live ? <IconMicrophone size={22} aria-hidden /> : <IconMicrophoneOff size={22} aria-hidden />}
    />
  );
}

export function Camera({ inMeeting }: { inMeeting: InMeeting }): ReactElement {
  const { meeting, own } = inMeeting;
  const { on, problem, opening } = own.camera;
  const live = on && problem === undefined;
  return (
    <Control
      label={problem === undefined ? (live ? m.live_camera_off() : m.live_camera_on()) : m.live_camera_retry()}
      short={problem === undefined ? m.live_camera() : m.live_camera_none()}
      keyName="V"
      tone={live ? undefined : "off"}
      pending={opening}
      onPress={() => meeting.own.toggle("camera")}
      icon={live ? <IconCamera size={22} aria-hidden /> : <IconCameraOff size={22} aria-hidden />}
    />
  );
}

interface ControlProps {
  /** What a press does; its words contain the short ones. */
  label: string;
  /** One or two words under the icon. */
  short: string;
  icon: ReactElement;
  keyName?: string;
  pressed?: boolean;
  pending?: boolean;
  tone?: "off" | "leave" | undefined;
  onPress: () => void;
}

function Control({ label, short, icon, keyName, pressed, pending = false, tone, onPress }: ControlProps): ReactElement {
  return (
    <AriaButton
      className={style["control"] ?? ""}
      aria-label={label}
      isPending={pending}
      {...(pressed !== undefined && { "aria-pressed": pressed })}
      {...(keyName !== undefined && { "data-key": keyName })}
      {...(tone !== undefined && { "data-tone": tone })}
      onPress={onPress}
    >
      {icon}
      <span className={style["controlWords"]}>{short}</span>
    </AriaButton>
  );
}

/** How much waits behind a button, as a number and in words. */
function Count({ count, words }: { count: number; words: string }): ReactElement | null {
  if (count === 0) return null;
  return (
    <span className={style["count"]}>
      <span aria-hidden>{count > 99 ? "99+" : count}</span>
      <VisuallyHidden>{words}</VisuallyHidden>
    </span>
  );
}

interface PanelControlProps {
  name: string;
  icon: ReactElement;
  open: boolean;
  count: number;
  words: string;
  onPress: () => void;
}

function PanelControl({ name, icon, open, count, words, onPress }: PanelControlProps): ReactElement {
  return (
    <AriaButton className={style["control"] ?? ""} aria-pressed={open} onPress={onPress}>
      {icon}
      <span className={style["controlWords"]}>{name}</span>
      <Count count={count} words={words} />
    </AriaButton>
  );
}
