/** A document in a conversation or a list: what it is, who may read it, who has. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { Button as AriaButton } from "react-aria-components";
import type { DocumentView } from "../../core/types.gen";
import { sizeWords } from "../../documents/files";
import { m } from "../../paraglide/messages.js";
import { audienceName } from "../../ui/Audience";
import { cx } from "../../ui/cx";
import { When } from "../../ui/When";
import style from "./Documents.module.css";
import { KindIcon } from "./KindIcon";

const Preview = lazy(() => import("./Preview").then(({ Preview: component }) => ({ default: component })));

export interface DocumentCardProps {
  document: DocumentView;
  /** In a conversation, where audience and author stand around it already. */
  compact?: boolean;
  onOpen?: (document: DocumentView) => void;
}

export function DocumentCard({ document, compact = false, onOpen }: DocumentCardProps): ReactElement {
  const [open, setOpen] = useState(false);
  const { name, media_type: mediaType, size, caption, by, at, audience, people, opened_by: openedBy } = document;
  return (
    <>
      <AriaButton className={cx(style["card"], compact && style["compact"])} onPress={() => (onOpen === undefined ? setOpen(true) : onOpen(document))}>
        <KindIcon mediaType={mediaType} audience={audience} />
        <span className={style["words"]}>
          <span className={style["name"]}>{name}</span>
          {!compact && caption !== undefined && caption !== "" && <span className={style["caption"]}>{caption}</span>}
          <span className={style["facts"]}>
            {compact ? (
              sizeWords(size)
            ) : (
              <>
                {by} · <When at={at} /> · {sizeWords(size)}
              </>
            )}
          </span>
          {!compact && (
            <span className={style["facts"]}>
              <span data-audience={audience} className={style["audience"]}>
                {m.audience_line({ audience: audienceName(audience), people: m.audience_people({ count: people }) })}
              </span>
              {" · "}
              {openedBy.length === 0 ? m.doc_opened_none() : m.doc_opened_count({ count: openedBy.length })}
            </span>
          )}
        </span>
      </AriaButton>
      {open && (
        <Suspense>
          <Preview document={document} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
