/** A meeting in React. */
import { useEffect, useSyncExternalStore } from "react";
import { hold, meetingOf, type Meeting, type MeetingState } from "./meeting";
import type { OwnState } from "./own";

export interface InMeeting {
  readonly meeting: Meeting;
  readonly state: MeetingState;
  readonly own: OwnState;
}

/** The tab's meeting of a session, held while the screen is shown. */
export function useMeeting(session: string): InMeeting {
  const meeting = meetingOf(session);
  useEffect(() => hold(meeting), [meeting]);
  const state = useSyncExternalStore(meeting.subscribe, () => meeting.state);
  const own = useSyncExternalStore(meeting.own.subscribe, () => meeting.own.state);
  return { meeting, state, own };
}
