/** Planning an RCP: when, by which rule, about what, with whom. Also changing one. */
import { useEffect, useMemo, useRef, useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { navigate } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { forgetForm, keepForm, useKept } from "../../core/forms";
import { useAction, useView } from "../../core/hooks";
import type { AgendaView, HomeView, RcpRule } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { IconCases, IconInfo, IconSend, IconWarning } from "../../ui/icons";
import { EmptyState, ErrorLine, LoadingState, Notice } from "../../ui/States";
import { TextField } from "../../ui/TextField";
import { toastDone } from "../../ui/Toast";
import { useNow } from "../../ui/When";
import { quorumRule, signersRule } from "../../words/rcp";
import { Loaded } from "../Loaded";
import { Section } from "../Section";
import { CaseFeed } from "./CaseFeed";
import { invited, newItem, problems, toArgs, withPeople, type Form, type Problem } from "./form";
import { Items } from "./Items";
import { People } from "./People";
import style from "./Plan.module.css";
import { Summary } from "./Summary";
import { useCases } from "./useCases";
import { useEdited } from "./useEdited";
import { When } from "./When";

/** With another shape, another name. */
const NEW = "session-new-1";

export default function PlanSession({ id }: Readonly<Record<string, string>>): ReactElement {
  const agenda = useView("agenda");
  const home = useView("home");
  const title = id === undefined ? m.session_new_title() : m.session_edit_title();
  return (
    <Loaded view={agenda} title={title} parent={id === undefined ? to.agenda() : to.session(id)}>
      {(agendaValue) => (
        <Loaded view={home} title={title}>
          {(homeValue) => (id === undefined ? <New agenda={agendaValue} home={homeValue} /> : <Edit id={id} agenda={agendaValue} home={homeValue} />)}
        </Loaded>
      )}
    </Loaded>
  );
}

function New({ agenda, home }: { agenda: AgendaView; home: HomeView }): ReactElement {
  const status = useView("status");
  const me = status.state === "ready" ? (status.value.me?.user ?? "") : "";
  const wanted = new URLSearchParams(location.search).get("case") ?? "";
  const begin = useMemo((): Form => {
    const only = home.cases.length === 1 ? (home.cases[0]?.case ?? "") : "";
    const dossier = home.cases.some((one) => one.case === wanted) ? wanted : only;
    return { title: m.session_title_usual(), type: agenda.types[0]?.code ?? "DAC", date: "", time: "14:00", zone: Intl.DateTimeFormat().resolvedOptions().timeZone, items: [newItem(dossier, me)], people: [] };
    // oxlint-disable-next-line react/exhaustive-deps -- what one begins with
  }, []);
  if (home.cases.length === 0)
    return (
      <Page title={m.session_new_title()} parent={to.agenda()}>
        <EmptyState icon={<IconCases size={28} />} title={m.session_no_case()} action={<Button variant="primary" onPress={() => navigate(to.cases())}>{m.nav_cases()}</Button>}>
          {m.session_no_case_do()}
        </EmptyState>
      </Page>
    );
  return <Kept form={NEW} begin={begin} session="" agenda={agenda} home={home} me={me} />;
}

function Edit({ id, agenda, home }: { id: string; agenda: AgendaView; home: HomeView }): ReactElement {
  const edited = useEdited(id);
  if (edited.state !== "ready")
    return (
      <Loaded view={edited.view} title={m.session_edit_title()} parent={to.session(id)}>
        {() => <>{edited.feeds}</>}
      </Loaded>
    );
  // Another plan than the one that was being changed is begun anew.
  return <Kept form={`session-${id}-${String(edited.sequence)}`} begin={edited.form} session={id} agenda={agenda} home={home} me={edited.me} />;
}

const WORDS: Readonly<Record<Problem, () => string>> = {
  title: m.session_problem_title,
  date: m.session_problem_date,
  past: m.session_problem_past,
  item_question: m.session_problem_question,
  item_case: m.session_problem_case,
  item_people: m.session_problem_people,
  chair: m.session_problem_chair,
  chairs: m.session_problem_chairs,
};

interface PlanningProps {
  /** Under what name the core keeps it. */
  readonly form: string;
  readonly begin: Form;
  readonly session: string;
  readonly agenda: AgendaView;
  readonly home: HomeView;
  readonly me: string;
}

/** Takes up a plan that was half written. */
function Kept(props: PlanningProps): ReactElement {
  const kept = useKept(props.form) as Form | null | undefined;
  const [dropped, setDropped] = useState(0);
  if (kept === undefined)
    return (
      <Page title={props.session === "" ? m.session_new_title() : m.session_edit_title()} parent={to.agenda()}>
        <LoadingState />
      </Page>
    );
  const drop = (): void => {
    forgetForm(props.form);
    setDropped((n) => n + 1);
  };
  return <Planning key={dropped} {...props} taken={dropped === 0 ? (kept ?? undefined) : undefined} onDrop={drop} />;
}

function Planning({ form: name, begin, taken, session, agenda, home, me, onDrop }: PlanningProps & { taken: Form | undefined; onDrop: () => void }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const [written, setForm] = useState(taken ?? begin);
  const [dropping, setDropping] = useState(false);
  const now = useNow();
  const [pressed, setPressed] = useState(false);
  const top = useRef<HTMLDivElement>(null);
  const cases = useCases(languageTag(locale));
  const { rows } = cases;
  const form = withPeople(written, rows, me);
  const change = (update: (form: Form) => Form): void => setForm((f) => update(withPeople(f, rows, me)));
  const missing = problems(form, now);
  const shown: ReadonlyMap<string, Problem> = pressed ? missing : new Map();
  const about = [...new Set(form.items.map((item) => item.case))].filter((one) => one !== "");
  const count = invited(form).length;

  useEffect(() => {
    if (written !== begin && written !== taken) keepForm(name, written);
  }, [name, written, begin, taken]);

  const send = useAction(async () => {
    const args = toArgs(form);
    const ref = session === "" ? await call("rcp.plan", args) : (await call("rcp.change", { session, plan: args }), { session });
    forgetForm(name);
    toastDone(session === "" ? m.session_sent({ count }) : m.session_changed());
    navigate(to.session(ref.session), { replace: true });
  });
  const submit = (): void => {
    setPressed(true);
    if (missing.size > 0) top.current?.querySelector<HTMLElement>("[data-invalid] input, [data-invalid] textarea, [data-invalid] button, [data-invalid] [tabindex]")?.focus();
    else void send.run();
  };
  const rule = agenda.types.find((one) => one.code === form.type);
  const words = (key: string): string | undefined => {
    const problem = shown.get(key);
    return problem === undefined ? undefined : WORDS[problem]();
  };

  return (
    <Page
      title={session === "" ? m.session_new_title() : m.session_edit_title()}
      parent={session === "" ? to.agenda() : to.session(session)}
      {...(written !== begin && {
        actions: (
          <Button variant="quiet" small isDisabled={send.busy} onPress={() => setDropping(true)}>
            {m.session_restart()}
          </Button>
        ),
      })}
      foot={
        <div className={style["foot"]}>
          {send.error !== undefined && <ErrorLine error={send.error} />}
          {pressed && missing.size > 0 && (
            <p className={style["missing"]} role="alert">
              <IconWarning size={18} aria-hidden /> {[...new Set(missing.values())].map((problem) => WORDS[problem]()).join(" ")}
            </p>
          )}
          <div className={style["send"]}>
            {session === "" ? (
              <Button variant="primary" icon={<IconSend size={18} />} busy={send.busy} onPress={submit}>
                {m.session_invite({ count })}
              </Button>
            ) : (
              <Button variant="primary" busy={send.busy} onPress={submit}>
                {m.session_save()}
              </Button>
            )}
            {send.busy && <span className={style["note"]}>{m.session_sending()}</span>}
          </div>
        </div>
      }
    >
      {about.map((one) => (
        <CaseFeed key={one} id={one} learn={cases.learn} />
      ))}
      <div ref={top} className={style["plan"]}>
        <Section title={m.session_section_when()}>
          <TextField label={m.session_title_field()} hint={m.session_title_hint()} value={form.title} onChange={(title) => change((f) => ({ ...f, title }))} error={words("title")} maxLength={120} />
          <When form={form} onChange={(fields) => change((f) => ({ ...f, ...fields }))} error={words("date")} />
        </Section>
        {rule !== undefined && <Rule rule={rule} />}
        <Section title={m.session_section_items()}>
          <Items form={form} change={change} cards={home.cases} cases={cases} me={me} problems={shown} />
        </Section>
        <Section title={m.session_section_people()}>
          {words("people") !== undefined && (
            <Notice tone="harm" icon={<IconWarning size={20} />}>
              {words("people")}
            </Notice>
          )}
          {rows.length === 0 ? <p className={style["note"]}>{about.length === 0 ? m.session_people_choose_case() : m.ui_loading()}</p> : <People form={form} change={change} rows={rows} />}
        </Section>
        <Section title={m.session_section_summary()}>
          <Summary form={form} rows={rows} />
        </Section>
      </div>
      <Confirm open={dropping} onClose={() => setDropping(false)} title={m.session_restart_title()} act={m.session_restart()} danger onConfirm={onDrop}>
        <p>{session === "" ? m.session_restart_new() : m.session_restart_edit()}</p>
      </Confirm>
    </Page>
  );
}

/** The quorum rule in words: before anybody is invited, it is clear what is needed. */
export function Rule({ rule }: { rule: RcpRule }): ReactElement {
  return (
    <Notice icon={<IconInfo size={20} />}>
      <strong>{m.session_rule_title({ name: rule.name })}</strong>
      <ul className={style["rule"]}>
        {quorumRule(rule).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p>{signersRule(rule)}</p>
    </Notice>
  );
}
