/** The documents of a case: what was shared where, and sharing more. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { navigate, usePlace } from "../../app/router";
import { to } from "../../app/routes";
import { useView } from "../../core/hooks";
import type { DocumentsView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button, IconButton } from "../../ui/Button";
import { List } from "../../ui/List";
import { EmptyState } from "../../ui/States";
import { SearchField } from "../../ui/TextField";
import { matches } from "../../words/lists";
import { Loaded } from "../Loaded";
import { DocumentCard } from "./DocumentCard";
import style from "./Documents.module.css";
import { IconCamera, IconText, IconUpload } from "./icons";
import { Share } from "./Share";
import { Uploads } from "./Uploads";
import { useFiles } from "./useFiles";

const Preview = lazy(() => import("./Preview").then(({ Preview: component }) => ({ default: component })));

/** From how many documents on one looks for a name. */
const MANY = 8;

export default function Documents({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const documents = useView("documents", { case: id });
  return (
    <Loaded view={documents} title={m.doc_title()} parent={to.case(id)}>
      {(value) => <Ready view={value} />}
    </Loaded>
  );
}

function Ready({ view }: { view: DocumentsView }): ReactElement {
  const { query, path } = usePlace();
  const [typed, setTyped] = useState("");
  const may = view.rooms.length > 0;
  const { files, clear, pick, dragging } = useFiles(may);
  const shown = view.documents.filter((one) => matches(`${one.name} ${one.caption ?? ""} ${one.by}`, typed));
  const open = view.documents.find((one) => one.document === query.get("document"));
  const add = (
    <>
      <span className={style["onPhones"]}>
        <IconButton variant="filled" label={m.doc_photograph()} icon={<IconCamera size={22} aria-hidden />} onPress={() => pick("camera")} />
      </span>
      <Button variant="primary" icon={<IconUpload size={20} />} onPress={() => pick("files")}>
        {m.doc_add()}
      </Button>
    </>
  );
  return (
    <Page title={m.doc_title()} parent={to.case(view.case)} under={<a href={to.case(view.case)}>{m.room_of({ person: view.person })}</a>} {...(may && view.documents.length > 0 && { actions: add })}>
      <Uploads rooms={[...view.rooms.map((one) => one.room), ...view.documents.map((one) => one.room)]} />
      {view.documents.length === 0 && (
        <EmptyState icon={<IconText size={28} />} title={m.doc_none()} {...(may && { action: <div className={style["both"]}>{add}</div> })}>
          {may ? m.doc_none_do() : m.doc_none_wait()}
        </EmptyState>
      )}
      {view.documents.length >= MANY && <SearchField label={m.doc_filter()} placeholder={m.doc_filter()} value={typed} onChange={setTyped} />}
      {shown.length > 0 && (
        <List label={m.doc_title()}>
          {shown.map((one) => (
            <li key={one.document} className={style["row"]}>
              <DocumentCard document={one} onOpen={() => navigate(`${path}?document=${one.document}`)} />
            </li>
          ))}
        </List>
      )}
      {view.documents.length > 0 && shown.length === 0 && <EmptyState title={m.doc_filter_none()} />}
      {may && view.documents.length > 0 && <p className={style["hint"]}>{m.doc_drop_hint()}</p>}
      {dragging && (
        <div className={style["drop"]} aria-hidden>
          <IconUpload size={40} />
          <p>{m.doc_drop()}</p>
        </div>
      )}
      {files.length > 0 && <Share files={files} rooms={view.rooms} onClose={clear} />}
      {open !== undefined && (
        <Suspense>
          <Preview document={open} onClose={() => navigate(path, { replace: true })} />
        </Suspense>
      )}
    </Page>
  );
}
