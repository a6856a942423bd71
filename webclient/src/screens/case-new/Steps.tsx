/** How far one is, and going back to a step that is done. */
import type { ReactElement } from "react";
import { Button } from "react-aria-components";
import { m } from "../../paraglide/messages.js";
import { cx } from "../../ui/cx";
import { IconCheck } from "../../ui/icons";
import { VisuallyHidden } from "../../ui/VisuallyHidden";
import style from "./CaseNew.module.css";
import { STEPS, type Step } from "./draft";

const NAMES: Readonly<Record<Step, () => string>> = {
  person: m.newcase_step_person,
  words: m.newcase_step_words,
  leaflet: m.newcase_step_leaflet,
  circle: m.newcase_step_circle,
  consents: m.newcase_step_consents,
  review: m.newcase_step_review,
};

export const stepName = (step: Step): string => NAMES[step]();

export interface StepsProps {
  current: Step;
  reachable: (step: Step) => boolean;
  onGo: ((step: Step) => void) | undefined;
}

export function Steps({ current, reachable, onGo }: StepsProps): ReactElement {
  const at = STEPS.indexOf(current);
  return (
    <nav aria-label={m.newcase_steps()}>
      <p className={style["where"]}>{m.newcase_step({ step: String(at + 1), steps: String(STEPS.length), name: stepName(current) })}</p>
      <ol className={style["steps"]}>
        {STEPS.map((step, i) => {
          const done = i < at;
          return (
            <li key={step}>
              <Button
                className={cx(style["stop"], i === at && style["here"], done && style["done"])}
                isDisabled={onGo === undefined || !reachable(step)}
                onPress={() => onGo?.(step)}
                {...(i === at && { "aria-current": "step" as const })}
              >
                <span className={style["disc"]}>{done ? <IconCheck size={16} strokeWidth={3} aria-hidden /> : i + 1}</span>
                <span className={style["stopName"]}>{stepName(step)}</span>
                {done && <VisuallyHidden>({m.newcase_step_done()})</VisuallyHidden>}
              </Button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
