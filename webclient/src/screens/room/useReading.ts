/**
 * Where one reads: the end stays in sight while one is there, older messages come
 * in above without a jump, and what has been seen is told to the core.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { call } from "../../core/client";
import type { RoomView } from "../../core/types.gen";
import { newestSeq } from "./timeline";

/** As near to the end as counts as there, in CSS pixels. */
const NEAR = 90;

const toEnd = (): void => scrollTo(0, document.documentElement.scrollHeight);
const atEnd = (): boolean => scrollY + innerHeight >= document.documentElement.scrollHeight - NEAR;

export interface Reading {
  /** One looks at something else than the newest. */
  readonly behind: boolean;
  readonly toEnd: () => void;
  /** Asks for older messages; what is on screen stays where it is. */
  readonly older: () => void;
}

export function useReading(room: RoomView, list: RefObject<HTMLElement | null>, arriveAt: string): Reading {
  const [behind, setBehind] = useState(false);
  const stuck = useRef(true);
  const anchor = useRef<{ id: string; top: number } | undefined>(undefined);
  const [arrived, setArrived] = useState(false);
  const { items, room: id } = room;
  const first = items[0]?.id;
  const newest = newestSeq(items);

  // The page scrolls to its top when one comes; this runs after it.
  const some = items.length > 0;
  useEffect(() => {
    if (arrived || !some) return undefined;
    const frame = requestAnimationFrame(() => {
      const unread = document.getElementById(arriveAt);
      if (unread === null) toEnd();
      else unread.scrollIntoView({ block: "center" });
      stuck.current = atEnd();
      setBehind(!stuck.current);
      setArrived(true);
    });
    return () => cancelAnimationFrame(frame);
  }, [arrived, some, arriveAt]);

  useLayoutEffect(() => {
    const from = anchor.current;
    if (from === undefined) return;
    anchor.current = undefined;
    const element = document.getElementById(from.id);
    if (element !== null) scrollBy(0, element.getBoundingClientRect().top - from.top);
  }, [first]);

  // One leaves the end by scrolling up, never by what grows below.
  useEffect(() => {
    let last = scrollY;
    const onScroll = (): void => {
      if (atEnd()) stuck.current = true;
      else if (scrollY < last) stuck.current = false;
      last = scrollY;
      setBehind(!stuck.current);
    };
    const onResize = (): void => {
      if (stuck.current) toEnd();
    };
    addEventListener("scroll", onScroll, { passive: true });
    addEventListener("resize", onResize);
    return () => {
      removeEventListener("scroll", onScroll);
      removeEventListener("resize", onResize);
    };
  }, []);

  // What I write myself is shown to me.
  const newestMine = items.at(-1)?.mine === true ? items.at(-1)?.id : undefined;
  useEffect(() => {
    if (newestMine === undefined || !arrived) return;
    stuck.current = true;
    toEnd();
  }, [newestMine, arrived]);

  // Whatever grows — a message, the composer, an image — leaves the end in sight.
  useEffect(() => {
    const element = list.current;
    if (element === null || !arrived) return undefined;
    const follow = new ResizeObserver(() => {
      if (stuck.current) toEnd();
    });
    follow.observe(element);
    follow.observe(document.body);
    return () => follow.disconnect();
  }, [list, arrived]);

  const seen = useRef(0);
  useEffect(() => {
    if (!arrived) return undefined;
    const tell = (): void => {
      if (behind || document.visibilityState !== "visible" || newest <= room.read_to || newest <= seen.current) return;
      seen.current = newest;
      // What could not be told is told with the next message.
      call("room.read", { room: id, seq: newest }).catch(() => (seen.current = 0));
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [arrived, behind, newest, room.read_to, id]);

  const older = useCallback(() => {
    const top = first === undefined ? null : document.getElementById(`item-${first}`);
    if (top !== null) anchor.current = { id: top.id, top: top.getBoundingClientRect().top };
    void call("room.older", { room: id }).catch(() => undefined);
  }, [first, id]);

  return { behind, toEnd, older };
}
