/** A planned session as a form: the session and, for context and wishes, its items. */
import { useCallback, useEffect, useMemo, useState, type ReactElement } from "react";
import { useView } from "../../core/hooks";
import type { ItemView } from "../../core/types.gen";
import type { ViewState } from "../../state/views";
import { civilDate } from "../../ui/when";
import { fromSession, type Form } from "./form";

type Edited =
  | { state: "loading"; view: ViewState<"session">; feeds: ReactElement }
  | { state: "ready"; form: Form; me: string; sequence: number };

export function useEdited(id: string): Edited {
  const view = useView("session", { session: id });
  const [details, setDetails] = useState<ReadonlyMap<string, ItemView>>(new Map());
  const session = view.state === "ready" ? view.value : undefined;
  const learn = useCallback((room: string, item: ItemView) => setDetails((before) => new Map(before).set(room, item)), []);
  const waiting = session?.items.filter((item) => item.known && !details.has(item.room)) ?? [];
  const ready = session !== undefined && waiting.length === 0;
  const form = useMemo(() => {
    if (session === undefined || !ready) return undefined;
    const time = new Intl.DateTimeFormat("en-GB", { timeZone: session.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(session.starts);
    return fromSession(session, details, { date: civilDate(session.starts, session.zone), time });
    // oxlint-disable-next-line react/exhaustive-deps -- what one begins with stays, whoever answers meanwhile
  }, [ready]);
  if (session === undefined || form === undefined) {
    return { state: "loading", view, feeds: <>{waiting.map((item) => <ItemFeed key={item.room} room={item.room} learn={learn} />)}</> };
  }
  return { state: "ready", form, me: session.me.user, sequence: session.sequence };
}

function ItemFeed({ room, learn }: { room: string; learn: (room: string, item: ItemView) => void }): null {
  const item = useView("item", { room });
  useEffect(() => {
    if (item.state === "ready") learn(room, item.value);
  }, [room, item, learn]);
  return null;
}
