/** A document that somebody shared, in the conversation. */
import type { ReactElement } from "react";
import { useContext } from "react";
import { to } from "../../app/routes";
import type { DocumentView } from "../../core/types.gen";
import { CaseOfRoom } from "./context";
import { IconFile } from "./icons";
import style from "./Message.module.css";

export function DocumentSaid({ document }: { document: DocumentView }): ReactElement {
  const inCase = useContext(CaseOfRoom);
  const inside = (
    <>
      <IconFile size={22} aria-hidden />
      <span>{document.name}</span>
    </>
  );
  if (inCase === "") return <span className={style["document"]}>{inside}</span>;
  return (
    <a className={style["document"]} href={`${to.documents(inCase)}?document=${document.document}`}>
      {inside}
    </a>
  );
}
