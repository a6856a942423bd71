/** The handle of a row that can be moved. */
import type { ReactElement } from "react";
import IconGrip from "lucide-react/icons/grip-vertical";
import style from "./Handle.module.css";
import type { Handle as Moves } from "./useReorder";

export function Handle({ label, moves }: { label: string; moves: Moves }): ReactElement {
  return (
    <button type="button" className={style["handle"]} aria-label={label} {...moves}>
      <IconGrip size={20} aria-hidden />
    </button>
  );
}
