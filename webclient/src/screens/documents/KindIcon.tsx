/** What a document is, as a picture on its audience's colour. */
import type { ReactElement } from "react";
import { kindOf, type Kind } from "../../documents/files";
import style from "./Documents.module.css";
import { IconFile, IconFilm, IconImage, IconSheet, IconSound, IconText } from "./icons";

const ICONS: Readonly<Record<Kind, typeof IconFile>> = {
  image: IconImage,
  pdf: IconText,
  text: IconText,
  sound: IconSound,
  film: IconFilm,
  sheet: IconSheet,
  other: IconFile,
};

export function KindIcon({ mediaType, audience }: { mediaType: string; audience: string }): ReactElement {
  const Icon = ICONS[kindOf(mediaType)];
  return (
    <span data-audience={audience} className={style["kind"]} aria-hidden>
      <Icon size={22} />
    </span>
  );
}
