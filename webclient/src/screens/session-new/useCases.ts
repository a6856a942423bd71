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
  /** Everybody of every circle once, and the persons themselves; alphabetical. */
  readonly rows: readonly ConsentRow[];
}

export function useCases(tag: string): Cases {
  const [known, setKnown] = useState<ReadonlyMap<string, KnownCase>>(new Map());
  const learn = useCallback((id: string, what: KnownCase) => setKnown((before) => new Map(before).set(id, { ...before.get(id), ...what })), []);
  return { known, learn, rows: everybody([...known.values()], tag) };
}

export function everybody(cases: readonly KnownCase[], tag: string): ConsentRow[] {
  const rows = new Map<string, ConsentRow>();
  for (const { consents, dossier } of cases) {
    // Nobody is shown before the register says how their consent stands.
    if (consents === undefined) continue;
    for (const row of [...(dossier === undefined ? [] : themselves(dossier)), ...consents.rows]) if (!rows.has(row.party.party)) rows.set(row.party.party, row);
  }
  return [...rows.values()].toSorted((a, b) => a.party.name.localeCompare(b.party.name, tag));
}

/** The person, who needs nobody's consent in their own case; if they have an account. */
function themselves({ person }: CaseView): ConsentRow[] {
  if (person.user === undefined || person.user === "") return [];
  return [{ party: { party: person.user, name: person.display, role: "PERSON", category: "PERSON", consent: "SELF", rooms: [] }, scope: [], history: [], can_end: false, collector: false }];
}
