/** Reads one case for the form; draws nothing. */
import { useEffect } from "react";
import { useView } from "../../core/hooks";
import type { KnownCase } from "./useCases";

export function CaseFeed({ id, learn }: { id: string; learn: (id: string, what: KnownCase) => void }): null {
  const consents = useView("consents", { case: id });
  const dossier = useView("case", { case: id });
  useEffect(() => {
    if (consents.state === "ready") learn(id, { consents: consents.value });
  }, [id, consents, learn]);
  useEffect(() => {
    if (dossier.state === "ready") learn(id, { dossier: dossier.value });
  }, [id, dossier, learn]);
  return null;
}
