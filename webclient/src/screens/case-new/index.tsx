/** Opening a case in short steps: the person, their words, what they were told, who is around them. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { back, navigate } from "../../app/router";
import { to } from "../../app/routes";
import { useAction, useView } from "../../core/hooks";
import type { PartyFields } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Progress } from "../../ui/Progress";
import { ErrorLine, Notice } from "../../ui/States";
import { toast, toastDone } from "../../ui/Toast";
import { sayAll } from "../../words/lists";
import style from "./CaseNew.module.css";
import { createCase, type Doing } from "./create";
import { begun, change, discard, lacks, STEPS, useDraftCase, useKeptDraft, type Step } from "./draft";
import { IdentityForm, wrongField } from "./IdentityForm";
import { StepCircle } from "./StepCircle";
import { StepConsents } from "./StepConsents";
import { Account, StepLeaflet, StepWords } from "./StepWords";
import { Review } from "./Review";
import { Steps, stepName } from "./Steps";

export default function CaseNew(): ReactElement {
  const draft = useDraftCase();
  const status = useView("status");
  const me = status.state === "ready" ? status.value.me : undefined;
  const [tried, setTried] = useState(false);
  const [dropping, setDropping] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  const at = STEPS.indexOf(draft.step);

  useKeptDraft();

  const create = useAction(async () => {
    const own: PartyFields | undefined = me === undefined ? undefined : { party: me.user, name: me.name, role: me.role, category: "CARE_TEAM", lead: true };
    try {
      const made = await createCase(draft, own, setDoing);
      discard();
      if (made.failed.length > 0) {
        toast(m.newcase_failed_some({ names: sayAll(made.failed) }));
        navigate(to.consents(made.case), { replace: true });
      } else {
        toastDone(m.newcase_done());
        navigate(to.case(made.case), { replace: true });
      }
    } finally {
      setDoing(undefined);
    }
  });
  const wrong = wrongField(create.error);

  const go = (step: Step): void => {
    setTried(false);
    change({ step });
    scrollTo(0, 0);
  };
  const next = (): void => {
    if (lacks(draft, draft.step) !== undefined) {
      setTried(true);
      return;
    }
    const following = STEPS[at + 1];
    if (following !== undefined) go(following);
  };
  const send = (): void => {
    void create.run().then((done) => {
      // What the core refused is shown where it was entered.
      if (!done) change({ step: "review" });
    });
  };

  return (
    <Page
      title={m.newcase_title()}
      tab={m.newcase_tab()}
      parent={to.cases()}
      {...(begun(draft) && {
        actions: (
          <Button variant="quiet" small onPress={() => setDropping(true)}>
            {m.newcase_drop()}
          </Button>
        ),
      })}
      foot={
        <div className={style["foot"]}>
          {doing !== undefined && (
            <div className={style["doing"]} aria-live="polite">
              <Progress label={doing.what === "case" ? m.newcase_doing_case() : m.newcase_doing_consent({ name: doing.name })} />
            </div>
          )}
          {at > 0 ? (
            <Button isDisabled={create.busy} onPress={() => go(STEPS[at - 1] ?? "person")}>
              {m.newcase_back()}
            </Button>
          ) : (
            <span />
          )}
          {draft.step === "review" ? (
            <Button variant="primary" busy={create.busy} onPress={send}>
              {m.newcase_create()}
            </Button>
          ) : (
            <Button variant="primary" onPress={next}>
              {m.newcase_next()}
            </Button>
          )}
        </div>
      }
    >
      <Steps current={draft.step} onGo={create.busy ? undefined : go} reachable={(step) => STEPS.slice(0, STEPS.indexOf(step)).every((before) => lacks(draft, before) === undefined)} />
      <section aria-label={stepName(draft.step)} className={style["step"]}>
        <h2>{stepName(draft.step)}</h2>
        {draft.step === "person" && (
          <>
            <IdentityForm value={draft.person} onChange={(person) => change({ person })} wrong={wrong} tried={tried} />
            <Account />
          </>
        )}
        {draft.step === "words" && <StepWords />}
        {draft.step === "leaflet" && <StepLeaflet tried={tried} />}
        {draft.step === "circle" && <StepCircle me={me?.user ?? ""} />}
        {draft.step === "consents" && <StepConsents />}
        {draft.step === "review" && <Review onGo={go} wrong={wrong} />}
        {create.error !== undefined && <ErrorLine error={create.error} />}
        {draft.step === "person" && <Notice>{m.newcase_kept()}</Notice>}
      </section>
      <Confirm
        open={dropping}
        onClose={() => setDropping(false)}
        title={m.newcase_drop_title()}
        act={m.newcase_drop()}
        danger
        onConfirm={() => {
          discard();
          back(to.cases());
        }}
      >
        <p>{m.newcase_drop_effect()}</p>
      </Confirm>
    </Page>
  );
}
