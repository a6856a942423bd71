/**
 * Reordering a list by its handles: dragged with mouse or finger, or moved with
 * the arrow keys. The list is told of each step, so that what is seen is what is.
 */
import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

export interface Handle {
  onPointerDown: (event: PointerEvent<HTMLElement>) => void;
  onPointerMove: (event: PointerEvent<HTMLElement>) => void;
  onPointerUp: (event: PointerEvent<HTMLElement>) => void;
  onPointerCancel: (event: PointerEvent<HTMLElement>) => void;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

export interface Reorder {
  /** The key that is being dragged. */
  readonly dragged: string | undefined;
  readonly row: (key: string) => { ref: (element: HTMLElement | null) => void };
  readonly handle: (key: string) => Handle;
}

/** The list with what stood at `from` standing at `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const out = [...list];
  const [one] = out.splice(from, 1);
  if (one !== undefined) out.splice(to, 0, one);
  return out;
}

/** Where something held at a height belongs, by the middles of the rows. */
export function placeAt(height: number, middles: readonly number[]): number {
  const below = middles.findIndex((middle) => height < middle);
  return below < 0 ? middles.length : below;
}

/** `onEnd` is told when a row has been let go, or moved by a key. */
export function useReorder(keys: readonly string[], onMove: (from: number, to: number) => void, onEnd?: () => void): Reorder {
  const rows = useRef(new Map<string, HTMLElement>());
  const [dragged, setDragged] = useState<string>();

  const row: Reorder["row"] = (key) => ({
    ref: (element) => {
      if (element === null) rows.current.delete(key);
      else rows.current.set(key, element);
    },
  });

  const follow = (event: PointerEvent<HTMLElement>, key: string): void => {
    const others = keys.filter((other) => other !== key);
    const middles = others.map((other) => {
      const box = rows.current.get(other)?.getBoundingClientRect();
      return box === undefined ? Number.NEGATIVE_INFINITY : box.top + box.height / 2;
    });
    const from = keys.indexOf(key);
    const to = placeAt(event.clientY, middles);
    if (from !== to) onMove(from, to);
  };

  const handle: Reorder["handle"] = (key) => ({
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setDragged(key);
    },
    onPointerMove: (event) => {
      if (dragged === key) follow(event, key);
    },
    onPointerUp: () => {
      setDragged(undefined);
      onEnd?.();
    },
    onPointerCancel: () => setDragged(undefined),
    onKeyDown: (event) => {
      const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
      const from = keys.indexOf(key);
      const to = from + step;
      if (step === 0 || to < 0 || to >= keys.length) return;
      event.preventDefault();
      onMove(from, to);
      onEnd?.();
    },
  });
  return { dragged, row, handle };
}
