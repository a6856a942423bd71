/** A case as the team, a relative and somebody who has just entered see it; and opening one. */
import type { CaseView } from "../../src/core/types.gen";
import { all, CAMILLE, CASE, consents, HELENE, nothing, odette, status } from "./odette";
import type { Scene } from "./play";

const path = `/case/${CASE}`;
const scene = (one: CaseView | { error: { code: string } }, me = CAMILLE, kind = "PROFESSIONAL"): Scene => ({ path, views: { status: status(me, kind), case: one, consents } });
const { life_project: _, leaflet: __, plan: ___, ...bare } = odette;

export const caseScenes: Readonly<Record<string, Scene>> = {
  case: scene(odette),
  "case-relative": scene({ ...odette, warn: [], accesses: [], can: { ...nothing, write: true } }, HELENE, "RELATED"),
  "case-new": scene({ ...bare, circle: [], rooms: [], sessions: [], timeline: [], accesses: [], can: all }),
  "case-history": scene({ ...bare, person: { ...odette.person, family_name: "", given_name: "", birth_date: "", ins: "" }, circle: [], timeline: [], accesses: [], warn: [], can: nothing, state: "AWAITING_HISTORY" }),
  "case-frozen": scene({ ...odette, frozen: true, warn: ["FORKED"] }),
  "case-error": scene({ error: { code: "unknown_room" } }),
  "case-open": {
    path: "/case/new",
    views: {
      status: status(CAMILLE),
      network: { members: [...consents.directory, { user: "odettemarchalaaaaaaaaaaaaa", name: "Odette Marchal", role: "PERSON", kind: "PERSON", organisation: "" }] },
      consents,
    },
    answers: { "case.create": { case: CASE } },
  },
};
