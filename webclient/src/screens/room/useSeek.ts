/** Going to a message, however old: older ones are asked for until it is there. */
import { useCallback, useEffect, useState } from "react";
import { call } from "../../core/client";
import type { RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { toast } from "../../ui/Toast";

/** How long a message that was sought stays marked. */
const MARKED = 2_400;
/** How long after it is there, in milliseconds. */
const SETTLED = 60;

export function useSeek(room: RoomView, at: string | undefined): { sought: string | undefined; seek: (id: string) => void } {
  const [wanted, setWanted] = useState(at);
  const [sought, setSought] = useState<string>();
  const { items, more, state, room: id } = room;

  useEffect(() => {
    if (wanted === undefined || state === "JOINING") return undefined;
    const here = items.some((item) => item.id === wanted);
    if (!here && more) {
      void call("room.older", { room: id }).catch(() => setWanted(undefined));
      return undefined;
    }
    if (!here && state !== "READY") return undefined; // it may still come
    // After the page has scrolled to where one reads.
    const timer = setTimeout(() => {
      setWanted(undefined);
      if (!here) {
        toast(m.room_not_found());
        return;
      }
      setSought(wanted);
      const element = document.getElementById(`item-${wanted}`);
      element?.scrollIntoView({ block: "center" });
      element?.focus({ preventScroll: true });
    }, SETTLED);
    return () => clearTimeout(timer);
  }, [wanted, items, more, state, id]);

  useEffect(() => {
    if (sought === undefined) return undefined;
    const timer = setTimeout(() => setSought(undefined), MARKED);
    return () => clearTimeout(timer);
  }, [sought]);

  return { sought, seek: useCallback((target: string) => setWanted(target), []) };
}
