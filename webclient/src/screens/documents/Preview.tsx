/**
 * A document in the page. It was decrypted here and is shown from memory: it is
 * never written anywhere unless the reader downloads it.
 */
import { lazy, Suspense, useEffect, useState, type ReactElement } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import type { DocumentView } from "../../core/types.gen";
import { kindOf, save, sizeWords } from "../../documents/files";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { Button, IconButton } from "../../ui/Button";
import { Disclosure } from "../../ui/Disclosure";
import { IconClose } from "../../ui/icons";
import { Progress } from "../../ui/Progress";
import { EmptyState, ErrorState } from "../../ui/States";
import { When } from "../../ui/When";
import { IconDownload } from "./icons";
import style from "./Preview.module.css";
import { KindIcon } from "./KindIcon";
import { useOpened, type OpenedState } from "./useOpened";

const Pdf = lazy(() => import("./Pdf").then(({ Pdf: component }) => ({ default: component })));

export function Preview({ document, onClose }: { document: DocumentView; onClose: () => void }): ReactElement {
  const [attempt, setAttempt] = useState(0);
  const opened = useOpened(document, attempt);
  return (
    <ModalOverlay
      isOpen
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className={style["overlay"] ?? ""}
    >
      <Modal className={style["modal"] ?? ""}>
        <AriaDialog className={style["dialog"] ?? ""}>
          <header className={style["head"]}>
            <KindIcon mediaType={document.media_type} audience={document.audience} />
            <div className={style["titles"]}>
              <Heading slot="title" className={style["title"] ?? ""}>
                {document.name}
              </Heading>
              <p className={style["facts"]}>
                {document.by} · <When at={document.at} /> · {sizeWords(document.size)}
              </p>
            </div>
            {opened.state === "ready" && (
              <IconButton label={m.doc_download()} icon={<IconDownload size={22} aria-hidden />} onPress={() => save(opened.content, document.name)} />
            )}
            <IconButton label={m.ui_close()} icon={<IconClose size={22} aria-hidden />} onPress={onClose} />
          </header>
          <div className={style["stage"]}>
            <Content document={document} opened={opened} onRetry={() => setAttempt((n) => n + 1)} />
          </div>
          <footer className={style["foot"]}>
            <AudienceBadge code={document.audience} people={document.people} />
            {document.caption !== undefined && document.caption !== "" && <p>{document.caption}</p>}
            <Opened document={document} />
          </footer>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function Opened({ document }: { document: DocumentView }): ReactElement {
  const { opened_by: openedBy } = document;
  if (openedBy.length === 0) return <p className={style["facts"]}>{m.doc_opened_none()}</p>;
  return (
    <Disclosure small title={m.doc_opened_count({ count: openedBy.length })}>
      <ul className={style["opened"]}>
        {openedBy.map((one) => (
          <li key={one.name}>
            {one.name}, <When at={one.at} />
          </li>
        ))}
      </ul>
    </Disclosure>
  );
}

function Content({ document, opened, onRetry }: { document: DocumentView; opened: OpenedState; onRetry: () => void }): ReactElement {
  if (opened.state === "loading")
    return (
      <div className={style["wait"]}>
        <Progress label={m.doc_opening()} value={opened.progress} />
      </div>
    );
  if (opened.state === "error") return <ErrorState error={opened.error} onRetry={onRetry} />;
  const { content, url } = opened;
  switch (kindOf(document.media_type)) {
    case "image":
      return <img src={url} alt={document.caption ?? document.name} className={style["image"]} />;
    case "pdf":
      return (
        <Suspense fallback={<Progress label={m.doc_opening()} />}>
          <Pdf content={content} name={document.name} />
        </Suspense>
      );
    case "text":
      return <PlainText content={content} />;
    case "sound":
      // Spoken notes have no captions.
      // oxlint-disable-next-line jsx-a11y/media-has-caption
      return <audio src={url} controls aria-label={document.name} />;
    case "film":
      // oxlint-disable-next-line jsx-a11y/media-has-caption
      return <video src={url} controls aria-label={document.name} className={style["image"]} />;
    case "sheet":
    case "other":
      break;
  }
  return (
    <EmptyState
      title={m.doc_no_preview()}
      action={
        <Button variant="primary" icon={<IconDownload size={18} />} onPress={() => save(content, document.name)}>
          {m.doc_download()}
        </Button>
      }
    >
      {m.doc_no_preview_do()}
    </EmptyState>
  );
}

/** As much of a text as one reads in a page. */
const MAX_TEXT = 200_000;

function PlainText({ content }: { content: Blob }): ReactElement {
  const [text, setText] = useState<string>();
  useEffect(() => {
    let gone = false;
    void content
      .slice(0, MAX_TEXT)
      .text()
      .then((read) => {
        if (!gone) setText(read);
      });
    return () => {
      gone = true;
    };
  }, [content]);
  return (
    // A region that scrolls can be reached by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={style["text"]} tabIndex={0}>
      {text ?? ""}
    </pre>
  );
}
