/** What is being sent: how far it has come, and pausing, going on, giving up. */
import type { ReactElement } from "react";
import { explain } from "../../core/errors";
import { sizeWords } from "../../documents/files";
import { cancel, dismiss, pause, resume, useUploads, type Uploading } from "../../documents/uploads";
import { m } from "../../paraglide/messages.js";
import { Button, IconButton } from "../../ui/Button";
import { IconClose, IconDone, IconRetry } from "../../ui/icons";
import { Progress } from "../../ui/Progress";
import style from "./Documents.module.css";
import { IconPause, IconPlay } from "./icons";

/** Uploads to any of the rooms named. */
export function Uploads({ rooms }: { rooms: readonly string[] }): ReactElement | null {
  const shown = useUploads((u) => u.list).filter((one) => rooms.includes(one.to.room));
  if (shown.length === 0) return null;
  return (
    <ul className={style["uploads"]} aria-label={m.doc_uploads()}>
      {shown.map((one) => (
        <Line key={one.id} one={one} />
      ))}
    </ul>
  );
}

const WORDS: Readonly<Record<Uploading["phase"], () => string>> = {
  preparing: m.doc_phase_preparing,
  sending: m.doc_phase_sending,
  paused: m.doc_phase_paused,
  waiting: m.doc_phase_waiting,
  sharing: m.doc_phase_sharing,
  done: m.doc_phase_done,
  failed: m.doc_phase_failed,
  cancelled: m.doc_phase_failed,
};

function Line({ one }: { one: Uploading }): ReactElement {
  const { id, name, size, phase, progress, error, to } = one;
  const label = `${name} · ${sizeWords(size)}`;
  if (phase === "done")
    return (
      <li className={style["upload"]} data-audience={to.audience}>
        <IconDone size={22} aria-hidden className={style["sent"]} />
        <p className={style["said"]}>{m.doc_sent({ name, audience: to.title })}</p>
        <IconButton label={m.ui_close()} icon={<IconClose size={20} aria-hidden />} onPress={() => dismiss(id)} />
      </li>
    );
  return (
    <li className={style["upload"]} data-audience={to.audience}>
      <div className={style["said"]}>
        <Progress label={label} value={progress} tone="audience" />
        <p className={style["facts"]} role={phase === "failed" ? "alert" : undefined}>
          {phase === "failed" && error !== undefined ? failure(error.code) : WORDS[phase]()}
        </p>
      </div>
      {(phase === "sending" || phase === "waiting" || phase === "preparing") && <IconButton label={m.doc_pause({ name })} icon={<IconPause size={20} aria-hidden />} onPress={() => pause(id)} />}
      {phase === "paused" && <IconButton label={m.doc_resume({ name })} icon={<IconPlay size={20} aria-hidden />} onPress={() => resume(id)} />}
      {phase === "failed" && (
        <Button small icon={<IconRetry size={18} />} onPress={() => resume(id)}>
          {m.ui_retry()}
        </Button>
      )}
      {phase !== "sharing" && <IconButton label={m.doc_cancel({ name })} icon={<IconClose size={20} aria-hidden />} onPress={() => cancel(id)} />}
    </li>
  );
}

function failure(code: string): string {
  if (code === "unreadable") return m.doc_unreadable();
  const { title, advice } = explain(code);
  return `${title}. ${advice}`;
}
