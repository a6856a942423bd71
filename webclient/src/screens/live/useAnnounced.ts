/** Comings and goings in words, for the live region. */
import { useEffect, useRef, useState } from "react";
import type { SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { sayAll } from "../../words/lists";

/** What changed since the last snapshot; the chair also hears who waits. */
export function useAnnounced(session: SessionView): string {
  const before = useRef<ReadonlyMap<string, string>>(undefined);
  const [words, setWords] = useState("");
  useEffect(() => {
    const was = before.current;
    before.current = new Map(session.participants.map((one) => [one.user, one.lobby]));
    if (was === undefined) return;
    const names = (fits: (from: string, to: string) => boolean): string[] =>
      session.participants.filter((one) => one.user !== session.me.user && fits(was.get(one.user) ?? "", one.lobby)).map((one) => one.name);
    const comes = names((from, to) => from !== to && to === "IN_CALL");
    const leaves = names((from, to) => from !== to && from === "IN_CALL");
    const waits = session.can.chair ? names((from, to) => from !== to && to === "WAITING") : [];
    const said = [
      ...(comes.length > 0 ? [m.live_said_comes({ count: comes.length, names: sayAll(comes) })] : []),
      ...(leaves.length > 0 ? [m.live_said_leaves({ count: leaves.length, names: sayAll(leaves) })] : []),
      ...(waits.length > 0 ? [m.live_said_waits({ count: waits.length, names: sayAll(waits) })] : []),
    ];
    // oxlint-disable-next-line react/set-state-in-effect -- said once, when it happens
    if (said.length > 0) setWords(said.join(" "));
  }, [session]);
  return words;
}
