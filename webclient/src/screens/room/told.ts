/** What happened to a conversation, in words: who came, who left, and why. */
import { explain } from "../../core/errors";
import type { RoomItem } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { sayAll } from "../../words/lists";

export interface Told {
  readonly text: string;
  /** A second sentence: a reason, an effect. */
  readonly detail: string | undefined;
  /** warm: something human; harm: something wrong. */
  readonly tone: "calm" | "warm" | "harm";
}

const NOTES: Readonly<Record<string, (inputs: { name: string }) => string>> = {
  "attendance.recorded": m.room_note_attendance,
  "minutes.proposed": m.room_note_proposed,
  "minutes.reopened": m.room_note_reopened,
  "minutes.signed": m.room_note_signed,
  "minutes.addendum": m.room_note_addendum,
};

const calm = (text: string): Told => ({ text, detail: undefined, tone: "calm" });

const whoOf = (item: RoomItem): string => item.subject ?? item.name;

/** Comings and goings: who may take part and has not come yet, who came, who left, and once that keys changed. */
function tellComings(items: readonly RoomItem[]): string {
  const of = (kind: string): RoomItem[] => items.filter((item) => item.kind === kind);
  const came = new Set(of("JOINED").map(whoOf));
  const allowed = of("CONSENT_GIVEN").filter((item) => !came.has(whoOf(item)));
  const people = (some: readonly RoomItem[]): { count: number; names: string } => {
    const names = [...new Set(some.map(whoOf))];
    return { count: names.length, names: sayAll(names) };
  };
  const collectors = [...new Set(allowed.map((item) => item.name))];
  const sentences = [
    ...collectors.map((by) => m.room_consent_given({ ...people(allowed.filter((item) => item.name === by)), by })),
    ...(came.size > 0 ? [m.room_joined(people(of("JOINED")))] : []),
    ...(of("LEFT").length > 0 ? [m.room_left(people(of("LEFT")))] : []),
  ];
  return sentences.length === 0 ? m.room_keys_changed() : sentences.join(" · ");
}

/** One line for one row, or for several that follow each other. */
export function tellItems(items: readonly RoomItem[]): Told {
  const [first] = items;
  if (first === undefined) return calm("");
  switch (first.kind) {
    case "JOINED":
    case "LEFT":
    case "CONSENT_GIVEN":
    case "KEYS_CHANGED":
      return calm(tellComings(items));
    case "CONSENT_WITHDRAWN": {
      const subject = first.subject ?? first.name;
      const self = first.subject === undefined || first.subject === first.name;
      const reason = first.why === undefined || first.why === "" ? undefined : m.room_reason({ reason: first.why });
      return {
        text: self ? m.room_consent_withdrawn_self({ subject }) : m.room_consent_withdrawn({ subject, by: first.name }),
        detail: [reason, m.room_consent_withdrawn_effect()].filter((s) => s !== undefined).join(" "),
        tone: "warm",
      };
    }
    case "REFUSED": {
      const { title, advice } = explain(first.why ?? "internal");
      return { text: m.room_refused({ name: first.name, why: title }), detail: advice, tone: "harm" };
    }
    case "UNREADABLE":
      return calm(m.room_unreadable());
    case "NOTE":
      return calm(NOTES[first.text ?? ""]?.({ name: first.name }) ?? m.room_unknown());
    default:
      return calm(m.room_unknown());
  }
}
