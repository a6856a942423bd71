/** A message's text: line breaks kept, people and web addresses told apart. */
import type { ReactElement } from "react";
import { cx } from "../../ui/cx";
import { pieces, type Named } from "./mentions";
import style from "./Message.module.css";

export function MessageText({ text, people, me }: { text: string; people: readonly Named[]; me: string | undefined }): ReactElement {
  let at = 0;
  return (
    <p className={style["text"]}>
      {pieces(text, people).map((piece) => {
        const key = at;
        at += piece.text.length;
        if (piece.kind === "link")
          return (
            <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer">
              {piece.text}
            </a>
          );
        if (piece.kind === "mention")
          return (
            <strong key={key} className={cx(style["mention"], piece.user === me && style["mentionsMe"])}>
              {piece.text}
            </strong>
          );
        return <span key={key}>{piece.text}</span>;
      })}
    </p>
  );
}
