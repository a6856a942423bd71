/** A person's face: initials on a colour that stays theirs, or their photo. */
import type { ReactElement } from "react";
import { m } from "../paraglide/messages.js";
import style from "./Avatar.module.css";
import { cx } from "./cx";

export interface AvatarProps {
  name: string;
  /** What the colour is made of: the user's id, else the name. */
  id?: string;
  photo?: string;
  size?: "s" | "m" | "l" | "xl";
  online?: boolean;
  /** The name stands beside it: not read twice. */
  decorative?: boolean;
}

/** Colours of .hue0 to .hue7. */
const HUES = 8;
/** Words that are titles, not names. */
const TITLES = new Set(["dr", "dr.", "docteur", "pr", "pr.", "mme", "mme.", "m.", "m", "monsieur", "madame", "mlle"]);

/** First letters of the first and the last name, titles left out. */
export function initials(name: string): string {
  const words = name.split(/[\s’']+/u).filter((word) => word !== "");
  const names = words.filter((word) => !TITLES.has(word.toLocaleLowerCase("fr")));
  const used = names.length > 0 ? names : words;
  const first = used[0] ?? "?";
  const last = used.length > 1 ? (used.at(-1) ?? "") : "";
  return letter(first) + letter(last);
}

/** The first letter, whole even when it takes two code units. */
const letter = (word: string): string => (word === "" ? "" : String.fromCodePoint(word.codePointAt(0) ?? 0).toLocaleUpperCase("fr"));

/** The same person, the same colour, on every device. */
export function hue(of: string): number {
  let hash = 0x811c9dc5; // FNV-1a, then mixed so that near names differ
  for (const point of of) hash = Math.imul(hash ^ (point.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % HUES;
}

export function Avatar({ name, id, photo, size = "m", online = false, decorative = true }: AvatarProps): ReactElement {
  const label = online ? `${name}, ${m.presence_online()}` : name;
  return (
    <span
      className={cx(style["avatar"], style[size], style[`hue${String(hue(id ?? name))}`])}
      {...(decorative ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      {photo === undefined ? <span className={style["letters"]}>{initials(name)}</span> : <img src={photo} alt="" className={style["photo"]} />}
      {online && <span className={style["online"]} />}
    </span>
  );
}

/** A few faces, overlapping, and how many more there are. */
export function Faces({ people, max = 4, size = "s" }: { people: ReadonlyArray<{ name: string; user?: string }>; max?: number; size?: "s" | "m" }): ReactElement {
  // One more face is no longer than "+1".
  const shown = people.length <= max + 1 ? people : people.slice(0, max);
  const more = people.length - shown.length;
  return (
    <span className={style["faces"]} aria-hidden>
      {shown.map((person) => (
        <Avatar key={person.user ?? person.name} name={person.name} size={size} {...(person.user === undefined ? {} : { id: person.user })} />
      ))}
      {more > 0 && <span className={cx(style["avatar"], style[size], style["more"])}>+{more}</span>}
    </span>
  );
}
