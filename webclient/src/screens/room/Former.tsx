/** What a message said before it was changed: nothing is changed in silence. */
import type { ReactElement } from "react";
import { Button } from "react-aria-components";
import type { Version } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Popover } from "../../ui/Menu";
import { useNow } from "../../ui/When";
import { when } from "../../ui/when";
import style from "./Message.module.css";

export function Former({ versions }: { versions: readonly Version[] }): ReactElement {
  const now = useNow();
  return (
    <Popover label={m.room_versions()} trigger={<Button className={style["edited"] ?? ""}>{m.room_edited()}</Button>}>
      <div className={style["versions"]}>
        <h2 className={style["popTitle"]}>{m.room_versions()}</h2>
        <ol className={style["versionList"]}>
          {versions.map((version) => (
            <li key={version.at}>
              <p className={style["text"]}>{version.text}</p>
              <p className={style["time"]}>{m.room_version_until({ when: when(version.at, now) })}</p>
            </li>
          ))}
        </ol>
      </div>
    </Popover>
  );
}
