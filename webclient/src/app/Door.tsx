/** Whether this browser belongs to somebody yet: if not, arrival comes before everything else. */
import { lazy, Suspense, useCallback, useEffect, useState, type ReactElement, type ReactNode } from "react";
import { ask } from "../core/client";
import { CoreError } from "../core/errors";
import { ErrorState } from "../ui/States";
import { Boot } from "./Boot";

const Arrival = lazy(() => import("../screens/arrival"));

type Known = { state: "asking" } | { state: "known" } | { state: "new" } | { state: "failed"; error: CoreError };

export function Door({ children }: { children: ReactNode }): ReactElement {
  const [known, setKnown] = useState<Known>({ state: "asking" });
  const look = useCallback(() => {
    ask("device.state").then(
      (device) => setKnown({ state: device.state === "READY" ? "known" : "new" }),
      (thrown: unknown) => setKnown({ state: "failed", error: CoreError.of(thrown) }),
    );
  }, []);
  useEffect(look, [look]);
  if (known.state === "failed")
    return (
      <main>
        <ErrorState error={known.error} onRetry={look} />
      </main>
    );
  if (known.state === "new")
    return (
      <Suspense fallback={<Boot />}>
        <Arrival onArrived={() => setKnown({ state: "known" })} />
      </Suspense>
    );
  return known.state === "known" ? <>{children}</> : <Boot />;
}
