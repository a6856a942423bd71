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

/** One line for one or several rows of the same sort. */
export function tellItems(items: readonly RoomItem[]): Told {
  const [first] = items;
  if (first === undefined) return calm("");
  const whom = [...new Set(items.map((item) => item.subject ?? item.name))];
  const people = { count: whom.length, names: sayAll(whom) };
  switch (first.kind) {
    case "JOINED":
      return calm(m.room_joined(people));
    case "LEFT":
      return calm(m.room_left(people));
    case "CONSENT_GIVEN":
      return calm(m.room_consent_given({ ...people, by: first.name }));
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
    case "KEYS_CHANGED":
      return calm(m.room_keys_changed());
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
