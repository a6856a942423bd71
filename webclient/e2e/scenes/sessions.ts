/** The RCP about Odette: planned, answered, being planned. */
import type { AgendaView, ItemView, MinutesView, RcpRule, SessionPerson, SessionView } from "../../src/core/types.gen";
import { ago, all, AYDIN, CAMILLE, CASE, consents, DAY, HELENE, home, HOUR, id, LEGOFF, LENOIR, meeting, NOW, ODETTE, odette, OKAFOR, PONS, SESSION, status, TRAORE, VIDAL } from "./odette";
import type { Scene } from "./play";

export const DAC: RcpRule = { code: "DAC", name: "RCP de coordination", min_professionals: 3, min_professions: 2, attending_or_written: true, person_or_wish: true, chair_signs: true, position_holders_sign: true, dispatch_alarm_days: 8 };
export const ITEMS = [id("item one"), id("item two"), id("item three")] as const;

const EVERY = [TRAORE, CAMILLE, OKAFOR, VIDAL, AYDIN, HELENE, PONS, ODETTE, LENOIR, LEGOFF];
const duties: Readonly<Record<string, string>> = { [CAMILLE.user]: "CHAIR", [TRAORE.user]: "SECRETARY", [VIDAL.user]: "REQUESTER", [HELENE.user]: "GUEST", [LENOIR.user]: "GUEST" };
const answers: Readonly<Record<string, string>> = { [VIDAL.user]: "COMES", [LEGOFF.user]: "COMES", [OKAFOR.user]: "OPINION", [PONS.user]: "CANNOT", [ODETTE.user]: "COMES", [HELENE.user]: "COMES" };

export const people: SessionPerson[] = EVERY.map((one) => ({
  user: one.user,
  name: one.name,
  role: one.role,
  duty: duties[one.user] ?? "PARTICIPANT",
  votes: one.user !== CAMILLE.user,
  items: one.user === LENOIR.user ? [ITEMS[2]] : one.user === HELENE.user ? [ITEMS[0], ITEMS[2]] : [...ITEMS],
  answer: answers[one.user] ?? "",
  consent: one.user === LENOIR.user ? "AWAITED" : "ACTIVE",
  online: one.online,
  lobby: "",
}));
const person = (user: string): SessionPerson => { const found = people.find((one) => one.user === user); if (found === undefined) throw new Error("nobody"); return found; };
const invitedTo = (item: string): string[] => people.filter((one) => one.items.includes(item)).map((one) => one.user);

export const QUESTIONS = ["Odette peut-elle vivre chez elle en sécurité ?", "Neuf médicaments : lesquels arrêter ?", "Comment rompre l’isolement ?"] as const;

export const session: SessionView = {
  session: SESSION,
  title: "Réunion de concertation du réseau",
  type: DAC,
  starts: NOW + 27 * HOUR,
  zone: "Europe/Paris",
  minutes: 45,
  sequence: 1,
  status: "PLANNED",
  items: ITEMS.map((room, i) => ({ room, number: i + 1, minutes: 15, known: true, question: QUESTIONS[i] ?? "", person: "Odette Marchal", case: CASE, requester: VIDAL.name, status: "WAITING", invited: invitedTo(room), minutes_state: "NONE" })),
  participants: people,
  me: person(CAMILLE.user),
  audience: { code: "SESSION", title: "Réunion de concertation du réseau", members: EVERY.filter((one) => one !== LENOIR), awaited: [LENOIR] },
  can: { edit: true, chair: true, answer: false, enter: false },
  state: "READY",
};

const noMinutes: MinutesView = { state: "NONE", version: 1, signatures: [], awaited: [], present_not_signed: [], addenda: [] };

export const item: ItemView = {
  room: ITEMS[0],
  session: SESSION,
  case: CASE,
  number: 1,
  person: "Odette Marchal",
  question: QUESTIONS[0],
  context: "Deux chutes en dix jours. L’escalier n’a pas de rampe ; la chambre est à l’étage.",
  wish: "Je reste chez moi.",
  requester: VIDAL.name,
  opinions: [{ by: OKAFOR.user, name: OKAFOR.name, role: OKAFOR.role, text: "Favorable au maintien à domicile si la chambre descend au rez-de-chaussée. Je propose un bilan d’équilibre à l’hôpital de jour.", at: ago(4 * HOUR) }],
  positions: [],
  attendance: [],
  quorum: { reached: false, missing: ["PROFESSIONALS"], present: 2 },
  minutes: noMinutes,
  chat: { room: ITEMS[0], case: CASE, kind: "ITEM", person: "Odette Marchal", title: QUESTIONS[0], audience: { code: "ITEM", title: QUESTIONS[0], members: EVERY, awaited: [] }, items: [], more: false, draft: "", typing: [], read_to: 0, can: all, state: "READY", removal_pending: [] },
  audience: { code: "ITEM", title: QUESTIONS[0], members: EVERY.filter((one) => one !== LENOIR), awaited: [] },
  can: { write: true, opinion: true, position: true, draft: true, propose: false, reopen: false, sign: false, addendum: false },
  status: "WAITING",
};

const agenda: AgendaView = {
  types: [DAC],
  meetings: [
    meeting({ session: id("past"), title: "Concertation de septembre", starts: ago(60 * DAY), status: "CLOSED", answer: "COMES", items: 2 }),
    meeting({ session: id("now"), title: "Retour à domicile de Karim", starts: NOW + 6 * 60_000, answer: "COMES", items: 1 }),
    meeting({ starts: NOW + 27 * HOUR }),
    meeting({ session: id("later"), title: "Suivi à trois mois", starts: NOW + 12 * DAY, answer: "OPINION", items: 1 }),
  ],
};

const path = `/session/${SESSION}`;
const scene = (value: SessionView | { error: { code: string } }, me = CAMILLE, kind = "PROFESSIONAL"): Scene => ({ path, views: { status: status(me, kind), session: value, item } });
const asLegoff: SessionView = { ...session, me: { ...person(LEGOFF.user), answer: "" }, can: { edit: false, chair: false, answer: true, enter: false } };

export const sessionScenes: Readonly<Record<string, Scene>> = {
  agenda: { path: "/agenda", views: { status: status(CAMILLE), home, agenda } },
  "agenda-empty": { path: "/agenda", views: { status: status(CAMILLE), home, agenda: { ...agenda, meetings: [] } } },
  session: scene(session),
  "session-invited": scene(asLegoff, LEGOFF),
  "session-opinion": scene({ ...asLegoff, me: { ...asLegoff.me, answer: "OPINION" } }, LEGOFF),
  "session-guest": scene({ ...asLegoff, me: person(LENOIR.user), items: session.items.map((one) => (one.room === ITEMS[2] ? one : { room: one.room, number: one.number, minutes: one.minutes, known: false, case: "", status: "WAITING", invited: one.invited, minutes_state: "NONE" })) }, LENOIR, "VOLUNTEER"),
  "session-open": scene({ ...asLegoff, status: "RUNNING", starts: ago(5 * 60_000), can: { ...asLegoff.can, answer: false, enter: true }, me: { ...asLegoff.me, answer: "COMES" }, items: session.items.map((one, i) => ({ ...one, status: i === 0 ? "DONE" : i === 1 ? "RUNNING" : "WAITING", minutes_state: i === 0 ? "PROPOSED" : "NONE" })) }, LEGOFF),
  "session-history": scene({ ...session, title: "", items: [], participants: [], state: "AWAITING_HISTORY", can: { edit: false, chair: false, answer: false, enter: false } }),
  "session-error": scene({ error: { code: "unknown_room" } }),
  "session-new": { path: `/session/new?case=${CASE}`, views: { status: status(CAMILLE), home, agenda, consents, case: odette } },
  "session-edit": { path: `${path}/edit`, views: { status: status(CAMILLE), home, agenda, consents, case: odette, session, item } },
};
