/** The circles and life projects of the cases that a session is about. */
import { useCallback, useState } from "react";
import type { CaseView, ConsentRow, ConsentsView } from "../../core/types.gen";

export interface KnownCase {
  readonly consents?: ConsentsView;
  readonly dossier?: CaseView;
}

export interface Cases {
  readonly known: ReadonlyMap<string, KnownCase>;
  readonly learn: (id: string, what: KnownCase) => void;
  /** Everybody of every circle once, alphabetical. */
  readonly rows: readonly ConsentRow[];
}

export function useCases(tag: string): Cases {
  const [known, setKnown] = useState<ReadonlyMap<string, KnownCase>>(new Map());
  const learn = useCallback((id: string, what: KnownCase) => setKnown((before) => new Map(before).set(id, { ...before.get(id), ...what })), []);
  const rows = new Map<string, ConsentRow>();
  for (const { consents } of known.values()) for (const row of consents?.rows ?? []) if (!rows.has(row.party.party)) rows.set(row.party.party, row);
  return { known, learn, rows: [...rows.values()].toSorted((a, b) => a.party.name.localeCompare(b.party.name, tag)) };
}
