/** In the session, and its agenda has not come to this device yet. */
import type { ReactElement } from "react";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import type { SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { IconInfo } from "../../ui/icons";
import { LoadingState, Notice } from "../../ui/States";

/** Whether the agenda is there; before, nothing of the view but its state counts. */
export const isHere = (session: SessionView): boolean => session.zone !== "";

export function Coming({ session, title }: { session: SessionView; title: string }): ReactElement {
  const words = session.state === "AWAITING_HISTORY" ? m.session_history() : session.state === "ENDED" ? m.session_ended() : m.session_joining();
  return (
    <Page title={title} parent={to.session(session.session)}>
      <Notice icon={<IconInfo size={22} />}>{words}</Notice>
      {session.state !== "ENDED" && <LoadingState faces />}
    </Page>
  );
}
