/** Odette's plan, for the team and in her own eyes. */
import type { ActionView, PlanView, ProvenanceView } from "../../src/core/types.gen";
import { ago, all, AYDIN, CAMILLE, CASE, DAY, day, HELENE, HOUR, id, LEGOFF, nothing, ODETTE, odette, PLAN_ROOM, PONS, SESSION, status, TRAORE, VIDAL } from "./odette";
import type { Scene } from "./play";
import { ITEMS } from "./sessions";

const action = (text: string, who: { user: string; name: string }, more: Partial<ActionView> = {}): ActionView => ({
  action: id(text),
  rank: 1,
  text,
  performer: who.user,
  performer_name: who.name,
  mine: false,
  status: "PROPOSED",
  accepted_by: [],
  history: [{ at: ago(DAY), by: CAMILLE.name, kind: "ADDED" }],
  can_move: [],
  ...more,
});
const from = (n: number): ProvenanceView => ({ session: SESSION, item: ITEMS[n] ?? "", number: n + 1, date: day(-1), signers: 5 });

const actions: ActionView[] = [
  action("Revoir l’ordonnance avec le médecin traitant", PONS, { due: day(-1), goal: "Moins de somnolence", status: "IN_PROGRESS", mine: true, accepted_by: ["PERFORMER", "PERSON"], provenance: from(1), can_move: ["DONE", "NOT_DONE"], history: [{ at: ago(DAY), by: CAMILLE.name, kind: "ADDED" }, { at: ago(20 * HOUR), by: PONS.name, kind: "ACCEPTED", as: "PERFORMER" }, { at: ago(18 * HOUR), by: PONS.name, kind: "STATUS", status: "IN_PROGRESS" }] }),
  action("Exercices d’équilibre, deux séances par semaine", AYDIN, { due: day(9), goal: "Marcher jusqu’au marché", accepted_by: ["PERFORMER"], status: "ACCEPTED", provenance: from(0) }),
  action("Déposer le dossier APA", TRAORE, { due: day(14), goal: "Une aide deux fois par semaine", accepted_by: ["PERSON"], provenance: from(2) }),
  action("Installer la téléalarme", HELENE, { due: day(6), status: "NOT_DONE", reason: "PERSON_REFUSES", note: "Odette préfère que sa voisine passe le soir.", accepted_by: ["PERFORMER"], provenance: from(0) }),
];

const plan: PlanView = {
  case: CASE,
  room: PLAN_ROOM,
  person: "Odette Marchal",
  ...(odette.life_project !== undefined && { life_project: odette.life_project }),
  actions,
  audience: { code: "PLAN", title: "PLAN", members: [TRAORE, CAMILLE, VIDAL, AYDIN, HELENE, PONS, ODETTE, LEGOFF], awaited: [] },
  can: all,
  state: "READY",
};
const inHerEyes: PlanView = { ...plan, can: nothing, actions: actions.map((one) => Object.assign({}, one, { mine: false, can_move: [], can_accept: one.accepted_by.includes("PERSON") || one.status === "NOT_DONE" ? "" : "PERSON" })) };

const scene = (value: PlanView | { error: { code: string } }, me = PONS, kind = "PROFESSIONAL"): Scene => ({ path: `/case/${CASE}/plan`, views: { status: status(me, kind), plan: value } });

export const planScenes: Readonly<Record<string, Scene>> = {
  plan: scene(plan),
  "plan-person": scene(inHerEyes, ODETTE, "PERSON"),
  "plan-empty": scene({ ...plan, actions: [] }, CAMILLE),
  "plan-history": scene({ ...plan, actions: [], can: nothing, state: "AWAITING_HISTORY" }),
  "plan-error": scene({ error: { code: "not_consented" } }),
};
