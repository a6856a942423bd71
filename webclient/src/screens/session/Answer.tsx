/** Will you come? Three answers, and what each one means for the others. */
import type { ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { IconCheck } from "../../ui/icons";
import { ErrorLine } from "../../ui/States";
import style from "./Session.module.css";

const ANSWERS: ReadonlyArray<{ code: string; words: () => string; after: () => string }> = [
  { code: "COMES", words: m.session_i_come, after: m.session_i_come_then },
  { code: "CANNOT", words: m.session_i_cannot, after: m.session_i_cannot_then },
  { code: "OPINION", words: m.session_i_write, after: m.session_i_write_then },
];

export function Answer({ session }: { session: SessionView }): ReactElement {
  const action = useAction((answer: string) => call("rcp.answer", { session: session.session, answer }));
  const given = session.me.answer;
  const chosen = ANSWERS.find((one) => one.code === given);
  return (
    <Card edge={given === "" ? "warm" : "accent"} labelledBy="session-answer">
      <h2 id="session-answer" className={style["cardTitle"]}>
        {given === "" ? m.session_answer_asked() : m.session_answer_given()}
      </h2>
      <div className={style["answers"]} role="group" aria-labelledby="session-answer">
        {ANSWERS.map(({ code, words }) => (
          <Button
            key={code}
            variant={given === code ? "primary" : "secondary"}
            aria-pressed={given === code}
            {...(given === code && { icon: <IconCheck size={18} /> })}
            onPress={() => {
              if (given !== code) void action.run(code);
            }}
          >
            {words()}
          </Button>
        ))}
      </div>
      {chosen !== undefined && <p className={style["note"]}>{chosen.after()}</p>}
      {action.error !== undefined && <ErrorLine error={action.error} />}
    </Card>
  );
}
