/** A moment, kept true while one looks at it. */
import { useEffect, useState, type ReactElement } from "react";
import { when, whenFull, whenShort } from "./when";

/** The time now, renewed every minute. */
export function useNow(every = 60_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function When({ at, zone, short = false }: { at: number; zone?: string; short?: boolean }): ReactElement {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={whenFull(at)}>
      {short ? whenShort(at, now) : when(at, now, zone)}
    </time>
  );
}
