/** Me, how things look here, my devices, and leaving this one. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction, useView } from "../../core/hooks";
import type { DeviceView, SettingsView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { prefer, usePreferences, type Locale, type Preferences } from "../../state/preferences";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Radio, RadioGroup, Switch } from "../../ui/Choice";
import { Confirm } from "../../ui/Dialog";
import { List, Row } from "../../ui/List";
import { Notice } from "../../ui/States";
import { useNow } from "../../ui/When";
import { when } from "../../ui/when";
import { kindName, roleName } from "../../words/roles";
import { noteLeaving } from "../arrival/arrive";
import { Loaded } from "../Loaded";
import { Section } from "../Section";
import style from "./Settings.module.css";

export default function Settings(): ReactElement {
  const view = useView("settings");
  return <Loaded view={view} title={m.settings_title()}>{(value) => <Ready settings={value} />}</Loaded>;
}

function Ready({ settings }: { settings: SettingsView }): ReactElement {
  const status = useView("status");
  const { me, devices } = settings;
  return (
    <Page title={m.settings_title()}>
      <div className={style["sections"]}>
        <Section title={m.settings_me()}>
          <div className={style["me"]}>
            <Avatar name={me.name} id={me.user} size="l" />
            <div>
              <p className={style["name"]}>{me.name}</p>
              <p className={style["soft"]}>{me.role === "PERSON" ? kindName(me.kind) : roleName(me.role)}</p>
              <p className={style["soft"]}>{m.settings_me_do()}</p>
            </div>
          </div>
        </Section>
        <Display />
        <Section title={m.settings_devices()}>
          <p className={style["soft"]}>{m.settings_devices_do()}</p>
          {devices.length === 0 ? (
            <p className={style["soft"]}>{m.settings_devices_none()}</p>
          ) : (
            <List label={m.settings_devices()}>
              {devices.map((device) => (
                <Device key={device.device} device={device} />
              ))}
            </List>
          )}
        </Section>
        <SignOut unsent={status.state === "ready" ? status.value.outbox : 0} />
        {status.state === "ready" && <p className={style["soft"]}>{m.settings_version({ version: status.value.version })}</p>}
      </div>
    </Page>
  );
}

/** Languages are named in themselves: one must find one's own among others. */
const LANGUAGES: ReadonlyArray<readonly [Locale, string]> = [
  ["fr", "Français"],
  ["en", "English"],
];

function Display(): ReactElement {
  const { locale, theme, text, motion } = usePreferences();
  return (
    <Section title={m.settings_show()}>
      <div className={style["display"]}>
        <RadioGroup label={m.settings_language()} value={locale} onChange={(id) => prefer({ locale: id as Locale })}>
          {LANGUAGES.map(([id, name]) => (
            <Radio key={id} value={id}>
              <span lang={id}>{name}</span>
            </Radio>
          ))}
        </RadioGroup>
        <RadioGroup label={m.settings_theme()} value={theme} onChange={(id) => prefer({ theme: id as Preferences["theme"] })}>
          <Radio value="system">{m.settings_theme_system()}</Radio>
          <Radio value="light">{m.settings_theme_light()}</Radio>
          <Radio value="dark">{m.settings_theme_dark()}</Radio>
        </RadioGroup>
        <RadioGroup label={m.settings_text()} value={text} onChange={(id) => prefer({ text: id as Preferences["text"] })}>
          <Radio value="normal">{m.settings_text_normal()}</Radio>
          <Radio value="large">
            <span className={style["large"]}>{m.settings_text_large()}</span>
          </Radio>
          <Radio value="larger">
            <span className={style["larger"]}>{m.settings_text_larger()}</span>
          </Radio>
        </RadioGroup>
        <Switch on={motion === "reduced"} onChange={(on) => prefer({ motion: on ? "reduced" : "system" })} detail={m.settings_motion_do()}>
          {m.settings_motion()}
        </Switch>
      </div>
    </Section>
  );
}

/** Enough of a device's id to tell one from another by voice. */
const shortCode = (device: string): string => device.slice(0, 8).replace(/(....)/u, "$1\u00A0");

function Device({ device }: { device: DeviceView }): ReactElement {
  const now = useNow();
  return (
    <Row
      title={m.settings_device({ code: shortCode(device.device) })}
      detail={m.settings_device_since({ when: when(device.at, now) })}
      {...((device.current || device.revoked) && {
        meta: device.revoked ? <Chip>{m.settings_device_revoked()}</Chip> : <Chip tone="done">{m.settings_device_current()}</Chip>,
      })}
    />
  );
}

function SignOut({ unsent }: { unsent: number }): ReactElement {
  const [asking, setAsking] = useState(false);
  const leave = useAction(async () => {
    await call("session.sign_out");
    noteLeaving();
    // Nothing of this visit may stay in the page's memory.
    location.replace(to.home());
  });
  return (
    <Section title={m.settings_out()}>
      <p className={style["soft"]}>{m.settings_out_do()}</p>
      <span>
        <Button onPress={() => setAsking(true)}>{m.settings_out()}</Button>
      </span>
      <Confirm open={asking} onClose={() => setAsking(false)} title={m.settings_out_title()} act={m.settings_out()} danger busy={leave.busy} error={leave.error} onConfirm={() => void leave.run()}>
        <p>{m.settings_out_effect()}</p>
        {unsent > 0 && <Notice tone="harm">{m.settings_out_unsent({ count: unsent })}</Notice>}
      </Confirm>
    </Section>
  );
}
