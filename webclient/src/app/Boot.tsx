/** Before the core is ready: its download, once, and what to do when it fails. */
import type { ReactElement } from "react";
import { core } from "../core/client";
import { CoreError } from "../core/errors";
import { useCoreState } from "../core/hooks";
import { m } from "../paraglide/messages.js";
import { Progress } from "../ui/Progress";
import { ErrorState } from "../ui/States";
import style from "./Boot.module.css";
import { Mark } from "./Mark";

export function Boot(): ReactElement {
  const { phase, loaded, total, error } = useCoreState();
  if (phase === "failed")
    return (
      <main className={style["boot"]}>
        <h1>
          <Mark />
        </h1>
        <ErrorState error={new CoreError(error ?? { code: "core_stopped" })} onRetry={() => core().restart()} />
      </main>
    );
  const words = phase === "downloading" ? m.core_downloading() : phase === "waiting" ? m.core_waiting() : m.core_starting();
  return (
    <main className={style["boot"]} aria-busy>
      <h1>
        <Mark />
      </h1>
      <div className={style["late"]}>
        <Progress label={words} value={phase === "downloading" && total > 0 ? Math.min(1, loaded / total) : undefined} />
      </div>
    </main>
  );
}
