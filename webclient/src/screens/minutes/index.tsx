/** The minutes of an item: written together, proposed, signed, sealed. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { useAction, useView } from "../../core/hooks";
import type { ItemView } from "../../core/types.gen";
import { fromBase64 } from "../../coedit/base64";
import { save } from "../../documents/files";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Switch } from "../../ui/Choice";
import { Confirm } from "../../ui/Dialog";
import { IconInfo } from "../../ui/icons";
import { PersonsWords } from "../../ui/PersonsWords";
import { EmptyState, ErrorLine, LoadingState, Notice } from "../../ui/States";
import { TextField } from "../../ui/TextField";
import { sayAll } from "../../words/lists";
import { minutesStateName, minutesTone } from "../../words/rcp";
import { Loaded } from "../Loaded";
import { Section } from "../Section";
import { Who } from "../Who";
import { Addenda } from "./Addenda";
import { Content } from "./Content";
import { IconExport, IconPrint, IconSeal } from "./icons";
import style from "./Minutes.module.css";
import { Positions } from "./Positions";
import { Dated, Digest, Sign, Signatures } from "./Signatures";

const Draft = lazy(() => import("./Draft").then(({ Draft: component }) => ({ default: component })));

export default function Minutes({ id = "", item = "" }: Readonly<Record<string, string>>): ReactElement {
  const view = useView("item", { room: item });
  return (
    <Loaded view={view} title={m.minutes_tab()} parent={to.session(id)}>
      {(value) => <Ready item={value} session={id} />}
    </Loaded>
  );
}

function Ready({ item, session }: { item: ItemView; session: string }): ReactElement {
  const status = useView("status");
  const me = status.state === "ready" ? (status.value.me?.user ?? "") : "";
  const { minutes } = item;
  const { content } = minutes;
  return (
    <Page
      title={item.question}
      tab={m.minutes_tab()}
      parent={to.session(session)}
      under={
        <>
          <Chip tone={minutesTone(minutes.state)}>{m.session_minutes_chip({ state: minutesStateName(minutes.state) })}</Chip>
          <AudienceBadge code="ITEM" people={item.audience.members.length} members={item.audience.members} />
          <a href={to.case(item.case)}>{item.person}</a>
        </>
      }
      who={<Who audience={item.audience} />}
    >
      {content === undefined ? <Writing item={item} me={me} /> : <Written item={item} me={me} session={session} />}
    </Page>
  );
}

function Writing({ item, me }: { item: ItemView; me: string }): ReactElement {
  const mayWrite = item.can.draft;
  return (
    <>
      {item.wish !== undefined && item.wish !== "" && (
        <PersonsWords size="m" source={item.person}>
          {item.wish}
        </PersonsWords>
      )}
      {mayWrite ? (
        <div data-audience="ITEM" className={style["sheet"]}>
          <Suspense fallback={<LoadingState />}>
            <Draft item={item} />
          </Suspense>
        </div>
      ) : (
        <EmptyState title={minutesWait(item)}>{m.minutes_wait_do()}</EmptyState>
      )}
      <Section title={m.minutes_positions()}>
        <Positions item={item} me={me} />
      </Section>
    </>
  );
}

const minutesWait = (item: ItemView): string => (item.minutes.state === "NONE" ? m.minutes_wait_none() : m.minutes_wait_draft());

function Written({ item, me, session }: { item: ItemView; me: string; session: string }): ReactElement {
  const [compare, setCompare] = useState(false);
  const { minutes } = item;
  const { content, previous, digest } = minutes;
  if (content === undefined) return <LoadingState />;
  const sealed = minutes.state === "SEALED";
  return (
    <>
      {sealed ? <Sealed item={item} session={session} /> : <Proposed item={item} me={me} />}
      {previous !== undefined && (
        <div className={style["noPrint"]}>
          <Switch on={compare} onChange={setCompare} detail={m.minutes_compare_detail()}>
            {m.minutes_compare({ version: previous.version })}
          </Switch>
        </div>
      )}
      <article className={style["sheet"]} aria-label={m.minutes_tab()}>
        <Content content={content} before={compare ? previous : undefined} />
        <section className={style["part"]}>
          <h2 className={style["partTitle"]}>{m.minutes_signatures()}</h2>
          <Signatures minutes={minutes} />
        </section>
        <Addenda item={item} />
        {digest !== undefined && (
          <p className={style["note"]}>
            {m.minutes_version({ version: minutes.version })} · {m.minutes_digest()} <Digest digest={digest} />
          </p>
        )}
      </article>
    </>
  );
}

function Proposed({ item, me }: { item: ItemView; me: string }): ReactElement {
  const { awaited, digest } = item.minutes;
  return (
    <Notice tone={item.can.sign ? "warm" : "info"} icon={<IconInfo size={22} />}>
      <p>
        <strong>{item.can.sign ? m.minutes_your_turn() : m.minutes_proposed_title()}</strong>
      </p>
      <p>{awaited.length === 0 ? m.minutes_sealing() : m.minutes_awaited_names({ count: awaited.length, names: sayAll(awaited.map((one) => one.name)) })}</p>
      <div className={style["acts"]}>
        {item.can.sign && digest !== undefined && <Sign item={item} me={me} shown={digest} />}
        {item.can.reopen && <Reopen item={item} />}
      </div>
    </Notice>
  );
}

function Reopen({ item }: { item: ItemView }): ReactElement {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const action = useAction(async () => {
    await call("minutes.reopen", { room: item.room, ...(reason.trim() === "" ? {} : { reason: reason.trim() }) });
    setOpen(false);
  });
  return (
    <>
      <Button onPress={() => setOpen(true)}>{m.minutes_reopen()}</Button>
      <Confirm open={open} onClose={() => setOpen(false)} title={m.minutes_reopen_title()} act={m.minutes_reopen()} busy={action.busy} error={action.error} onConfirm={() => void action.run()}>
        <p>{m.minutes_reopen_effect({ count: item.minutes.signatures.length })}</p>
        <TextField label={m.minutes_reopen_reason()} need="optional" value={reason} onChange={setReason} />
      </Confirm>
    </>
  );
}

function Sealed({ item, session }: { item: ItemView; session: string }): ReactElement {
  const { sealed_at: sealedAt, signatures } = item.minutes;
  const download = useAction(async () => {
    const file = await call("minutes.export", { session, item: item.room });
    save(new Blob([fromBase64(file.bytes)], { type: "application/json" }), file.name);
  });
  return (
    <Notice tone="done" icon={<IconSeal size={22} />}>
      <p>
        <strong>{m.minutes_sealed({ count: signatures.length })}</strong>
        {sealedAt !== undefined && (
          <>
            {" "}
            · <Dated at={sealedAt} />
          </>
        )}
      </p>
      <p>{m.minutes_sealed_effect()}</p>
      <div className={style["acts"]}>
        <Button icon={<IconPrint size={20} />} onPress={() => print()}>
          {m.minutes_print()}
        </Button>
        <Button icon={<IconExport size={20} />} busy={download.busy} onPress={() => void download.run()}>
          {m.minutes_export()}
        </Button>
        <a href={to.plan(item.case)} className={style["go"]}>
          {m.minutes_to_plan()}
        </a>
      </div>
      {download.error !== undefined && <ErrorLine error={download.error} />}
    </Notice>
  );
}
