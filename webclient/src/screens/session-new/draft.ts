/**
 * A session half planned, kept while the tab lives: a look at something else
 * loses nothing. It is written nowhere, for it says what the meeting is about.
 */
import type { Form } from "./form";

const drafts = new Map<string, Form>();

export const draftOf = (session: string): Form | undefined => drafts.get(session);
export const clearDraft = (session: string): void => {
  drafts.delete(session);
};
export function keepDraft(session: string, form: Form | undefined): void {
  if (form !== undefined) drafts.set(session, form);
}

addEventListener("beforeunload", (event) => {
  if (drafts.size > 0) event.preventDefault();
});
