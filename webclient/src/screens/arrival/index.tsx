/** Arrival: who one is about to be, and the keys that this browser makes for it. */
import { useCallback, useEffect, useRef, useState, type ReactElement } from "react";
import { Mark } from "../../app/Mark";
import { CoreError } from "../../core/errors";
import { m } from "../../paraglide/messages.js";
import { usePreferences } from "../../state/preferences";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Progress } from "../../ui/Progress";
import { ErrorState } from "../../ui/States";
import { roleName } from "../../words/roles";
import { Enrol } from "../enrol/Enrol";
import { arrive, findPersona, forgetLeaving, leftOnPurpose, type Persona, type Step } from "./arrive";
import style from "./Arrival.module.css";

const SHARE: Record<Step, number> = { keys: 0.15, link: 0.45, open: 0.8 };

export default function Arrival({ onArrived }: { onArrived: () => void }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const [persona, setPersona] = useState<Persona | "nobody">();
  const [step, setStep] = useState<Step>("keys");
  const [error, setError] = useState<CoreError>();
  const [left, setLeft] = useState(leftOnPurpose);
  const begun = useRef(false);

  const begin = useCallback(() => {
    setError(undefined);
    void (async () => {
      try {
        const found = await findPersona(location.hostname);
        setPersona(found ?? "nobody");
        if (found === undefined || leftOnPurpose()) return;
        await arrive(found, setStep);
        onArrived();
      } catch (thrown) {
        setError(CoreError.of(thrown));
      }
    })();
  }, [onArrived]);

  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    begin();
  }, [begin]);

  if (persona === "nobody") return <Enrol onArrived={onArrived} />;
  const words: Record<Step, string> = { keys: m.arrival_keys(), link: m.arrival_link(), open: m.arrival_open() };
  return (
    <main className={style["arrival"]}>
      <p className={style["mark"]}>
        <Mark />
      </p>
      {persona !== undefined && (
        <div className={style["who"]}>
          <Avatar name={persona.name} size="xl" />
          <h1>{m.arrival_hello({ name: persona.name })}</h1>
          <p className={style["role"]}>{roleName(persona.role)}</p>
          <p>{locale === "en" ? persona.line_en : persona.line}</p>
        </div>
      )}
      {left && persona !== undefined && (
        <div className={style["who"]}>
          <p>{m.arrival_left()}</p>
          <Button
            variant="primary"
            onPress={() => {
              forgetLeaving();
              setLeft(false);
              begin();
            }}
          >
            {m.arrival_again()}
          </Button>
        </div>
      )}
      {left ? null : error === undefined ? (
        <div className={style["progress"]} aria-live="polite">
          <Progress label={words[step]} value={SHARE[step]} />
          <p className={style["why"]}>{m.arrival_why()}</p>
        </div>
      ) : (
        <ErrorState error={error} onRetry={begin} />
      )}
    </main>
  );
}
