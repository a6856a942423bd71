/** Two seconds between two items: who leaves, who comes. */
import { useEffect, useState, type ReactElement } from "react";
import { onLive } from "../../core/client";
import type { CurtainEvent, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Faces } from "../../ui/Avatar";
import { sayAll } from "../../words/lists";
import style from "./Live.module.css";

const CURTAIN = 2_000;

export function Curtain({ session, question }: { session: SessionView; question: string | undefined }): ReactElement {
  const { session: id, me } = session;
  const [curtain, setCurtain] = useState<CurtainEvent>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onLive("curtain", (event) => {
      if (event.session !== id) return;
      clearTimeout(timer);
      setCurtain(event);
      timer = setTimeout(() => setCurtain(undefined), CURTAIN);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [id]);
  const mine = curtain?.leaves.includes(me.name) ?? false;
  const people = (names: readonly string[] = []): Person[] =>
    names.filter((name) => name !== me.name).map((name) => ({ name, user: session.participants.find((one) => one.name === name)?.user ?? name }));
  return (
    <div role="status" className={style["curtainPlace"]}>
      {curtain !== undefined && (
        <div className={style["curtain"]}>
          <p className={style["curtainTitle"]}>{mine ? m.live_curtain_without() : (question ?? m.live_curtain())}</p>
          {!mine && <Names title={m.live_curtain_leaves} people={people(curtain.leaves)} />}
          {!mine && <Names title={m.live_curtain_comes} people={people(curtain.comes)} />}
        </div>
      )}
    </div>
  );
}

interface Person {
  readonly name: string;
  readonly user: string;
}

function Names({ title, people }: { title: (inputs: { count: number }) => string; people: readonly Person[] }): ReactElement | null {
  if (people.length === 0) return null;
  return (
    <div className={style["curtainNames"]}>
      <Faces people={people} size="m" />
      <p>
        {title({ count: people.length })} {sayAll(people.map((one) => one.name))}
      </p>
    </div>
  );
}
