/** Camera, microphone, loudspeaker, network: seen and heard before anybody else sees and hears. */
import { useEffect, useState, type ReactElement } from "react";
import { useView } from "../../core/hooks";
import { listDevices, meter, onDevices, type DeviceProblem, type Devices } from "../../media/devices";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { Disclosure } from "../../ui/Disclosure";
import { IconWarning } from "../../ui/icons";
import { Select } from "../../ui/Select";
import { Notice } from "../../ui/States";
import { Camera, Microphone } from "../live/Bar";
import { IconNetworkGood, IconNetworkLost, IconNetworkWeak, IconSpeaker } from "../live/icons";
import liveStyle from "../live/Live.module.css";
import { Face } from "../live/Tile";
import type { InMeeting } from "../live/useMeeting";
import { chime } from "./chime";
import style from "./Lobby.module.css";

const CAMERA_PROBLEMS: Readonly<Record<DeviceProblem, () => string>> = {
  refused: m.lobby_camera_refused,
  none: m.lobby_camera_missing,
  busy: m.lobby_camera_busy,
  unavailable: m.lobby_camera_unavailable,
};
const MICROPHONE_PROBLEMS: Readonly<Record<DeviceProblem, () => string>> = {
  refused: m.lobby_microphone_refused,
  none: m.lobby_microphone_missing,
  busy: m.lobby_microphone_busy,
  unavailable: m.lobby_microphone_unavailable,
};

const NONE: Devices = { cameras: [], microphones: [], speakers: [] };

/** What there is; asked again whenever something is opened, for then it has names. */
function useDevices(mark: unknown): Devices {
  const [devices, setDevices] = useState(NONE);
  useEffect(() => {
    if (!("mediaDevices" in navigator)) return undefined;
    const look = (): void => void listDevices().then(setDevices, () => setDevices(NONE));
    look();
    return onDevices(look);
  }, [mark]);
  return devices;
}

export function Check({ inMeeting, name, user }: { inMeeting: InMeeting; name: string; user: string }): ReactElement {
  const { own, meeting } = inMeeting;
  const { camera, microphone, choice } = own;
  const devices = useDevices(camera.track ?? microphone.track);
  const nothing = camera.problem !== undefined && microphone.problem !== undefined;
  const refused = camera.problem === "refused" && microphone.problem === "refused";
  return (
    <section className={style["check"]} aria-label={m.lobby_check()}>
      <div className={style["preview"]} data-theme="dark">
        <Face name={name} user={user} detail={camera.track === undefined ? m.member_me() : m.live_mirror()} track={camera.track} mirrored silent={!microphone.on || microphone.track === undefined} />
      </div>
      <div className={style["controls"]}>
        <span className={liveStyle["acts"]} role="group" aria-label={m.live_controls()}>
          <Microphone inMeeting={inMeeting} />
          <Camera inMeeting={inMeeting} />
        </span>
        {microphone.problem === undefined && <Level track={microphone.on ? microphone.track : undefined} />}
        <NetworkCheck />
      </div>
      {refused && <Problem>{m.lobby_both_refused()}</Problem>}
      {camera.problem !== undefined && !refused && <Problem>{CAMERA_PROBLEMS[camera.problem]()}</Problem>}
      {microphone.problem !== undefined && !refused && <Problem>{MICROPHONE_PROBLEMS[microphone.problem]()}</Problem>}
      {nothing && <p className={style["note"]}>{m.lobby_without_both()}</p>}
      <Disclosure title={m.lobby_devices()} small>
        <div className={style["devices"]}>
          <DeviceSelect label={m.live_camera()} devices={devices.cameras} chosen={choice.camera ?? camera.track?.getSettings().deviceId} onChange={(id) => void meeting.own.choose("camera", id)} />
          <DeviceSelect
            label={m.live_microphone()}
            devices={devices.microphones}
            chosen={choice.microphone ?? microphone.track?.getSettings().deviceId}
            onChange={(id) => void meeting.own.choose("microphone", id)}
          />
          <DeviceSelect label={m.lobby_speaker()} devices={devices.speakers} chosen={choice.speaker ?? devices.speakers[0]?.deviceId} onChange={(id) => void meeting.own.choose("speaker", id)} />
          <Button small icon={<IconSpeaker size={18} />} onPress={() => void chime(choice.speaker)}>
            {m.lobby_sound()}
          </Button>
        </div>
      </Disclosure>
    </section>
  );
}

function Problem({ children }: { children: string }): ReactElement {
  return (
    <Notice tone="warm" icon={<IconWarning size={20} />}>
      {children}
    </Notice>
  );
}

function DeviceSelect({ label, devices, chosen, onChange }: { label: string; devices: readonly MediaDeviceInfo[]; chosen: string | undefined; onChange: (id: string) => void }): ReactElement | null {
  const named = devices.filter((one) => one.deviceId !== "");
  if (named.length === 0) return null;
  return (
    <Select
      label={label}
      choices={named.map((one, i) => ({ id: one.deviceId, label: one.label === "" ? m.lobby_device_n({ number: i + 1 }) : one.label }))}
      value={named.some((one) => one.deviceId === chosen) ? (chosen ?? null) : (named[0]?.deviceId ?? null)}
      onChange={(id) => {
        if (id !== null) onChange(id);
      }}
    />
  );
}

/** One's own loudness; in words for whoever does not see the bar. */
function Level({ track }: { track: MediaStreamTrack | undefined }): ReactElement {
  const [level, setLevel] = useState(0);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    if (track === undefined) return undefined;
    const stop = meter(track, (now) => {
      setLevel(now);
      if (now > 0.35) setHeard(true);
    });
    return () => {
      stop();
      setLevel(0);
      setHeard(false);
    };
  }, [track]);
  return (
    <div className={style["level"]}>
      <div className={style["track"]} aria-hidden>
        <div className={style["fill"]} style={{ inlineSize: `${String(Math.round(level * 100))}%` }} />
      </div>
      <p className={style["note"]} role="status">
        {track === undefined ? m.lobby_level_off() : heard ? m.lobby_level_heard() : m.lobby_level_speak()}
      </p>
    </div>
  );
}

type Reach = "asking" | "good" | "slow" | "lost";

/** Answers slower than this are felt in a conversation, in milliseconds. */
const SLOW = 250;
const ROUNDS = 3;

/** How long the server takes to answer: the median of three. */
async function reach(signal: AbortSignal): Promise<Reach> {
  const times: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const from = performance.now();
      const answer = await fetch("/core.json", { method: "HEAD", cache: "no-store", signal });
      if (!answer.ok) return "lost";
      times.push(performance.now() - from);
    }
  } catch {
    return "lost";
  }
  return (times.toSorted((a, b) => a - b)[1] ?? 0) > SLOW ? "slow" : "good";
}

function NetworkCheck(): ReactElement {
  const status = useView("status");
  const online = status.state !== "ready" || status.value.online;
  const [now, setNow] = useState<Reach>("asking");
  useEffect(() => {
    const stop = new AbortController();
    void reach(stop.signal).then((answer) => {
      if (!stop.signal.aborted) setNow(answer);
    });
    return () => stop.abort();
  }, [online]);
  const shown = online ? now : "lost";
  const Icon = shown === "lost" ? IconNetworkLost : shown === "slow" ? IconNetworkWeak : IconNetworkGood;
  const words = { asking: m.lobby_network_asking, good: m.live_network_good, slow: m.lobby_network_slow, lost: m.lobby_network_lost }[shown];
  return (
    <p className={style["network"]} role="status">
      <Icon size={18} aria-hidden /> {words()}
    </p>
  );
}
