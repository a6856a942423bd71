/** Two seconds between two items: who leaves, who comes. */
import { useEffect, useState, type ReactElement } from "react";
import { onLive } from "../../core/client";
import type { CurtainEvent } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Faces } from "../../ui/Avatar";
import { sayAll } from "../../words/lists";
import style from "./Live.module.css";

const CURTAIN = 2_000;

export function Curtain({ session, question }: { session: string; question: string | undefined }): ReactElement | null {
  const [curtain, setCurtain] = useState<CurtainEvent>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onLive("curtain", (event) => {
      if (event.session !== session) return;
      clearTimeout(timer);
      setCurtain(event);
      timer = setTimeout(() => setCurtain(undefined), CURTAIN);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [session]);
  return (
    <div role="status" className={style["curtainPlace"]}>
      {curtain !== undefined && (
        <div className={style["curtain"]}>
          <p className={style["curtainTitle"]}>{question ?? m.live_curtain()}</p>
          <Names title={m.live_curtain_leaves({ count: curtain.leaves.length })} names={curtain.leaves} />
          <Names title={m.live_curtain_comes({ count: curtain.comes.length })} names={curtain.comes} />
        </div>
      )}
    </div>
  );
}

function Names({ title, names }: { title: string; names: readonly string[] }): ReactElement | null {
  if (names.length === 0) return null;
  return (
    <div className={style["curtainNames"]}>
      <Faces people={names.map((name) => ({ name }))} size="m" />
      <p>
        {title} {sayAll(names)}
      </p>
    </div>
  );
}
