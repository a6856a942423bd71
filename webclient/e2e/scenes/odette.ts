/** Odette Marchal's case (domain.md, case A), as views show it. All of it invented. */
import type { Audience, Can, CaseView, ConsentsView, HomeView, MeetingCard, Member, PartyView, RoomCard, StatusView } from "../../src/core/types.gen";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Scenes are told from the moment they are looked at. */
export const NOW = Date.now();

export const ago = (ms: number): number => NOW - ms;
export const day = (offset: number): string => new Date(NOW + offset * DAY).toISOString().slice(0, 10);

/** An id that looks like one, from words. */
export const id = (words: string): string => words.toLowerCase().replaceAll(/[^a-z2-7]/g, "").padEnd(26, "a").slice(0, 26);

const person = (name: string, role: string, more: Partial<Member> = {}): Member => ({ user: id(name), name, role, online: false, me: false, cursor: 0, ...more });

export const AYDIN = person("Emre Aydin", "PHYSIOTHERAPIST", { cursor: 40 });
export const CAMILLE = person("Camille Renaud", "NURSE_COORDINATOR", { online: true, me: true, cursor: 46 });
export const HELENE = person("Hélène Marchal", "DAUGHTER", { online: true, cursor: 12 });
export const LEGOFF = person("Yann Le Goff", "NURSE", { online: true, cursor: 46 });
export const LENOIR = person("Paul Lenoir", "VOLUNTEER");
export const ODETTE = person("Odette Marchal", "PERSON", { cursor: 10 });
export const OKAFOR = person("Dr Ada Okafor", "GERIATRICIAN");
export const PONS = person("Mireille Pons", "PHARMACIST", { cursor: 44 });
export const TRAORE = person("Aminata Traoré", "SOCIAL_WORKER", { online: true, cursor: 43 });
export const VIDAL = person("Dr Antoine Vidal", "GENERAL_PRACTITIONER", { cursor: 46 });
const SON = id("Philippe Marchal");

export const CASE = id("case odette");
export const TEAM_ROOM = id("room team");
export const FAMILY_ROOM = id("room family");
export const PLAN_ROOM = id("room plan");
export const SESSION = id("session");

export const team: Audience = { code: "TEAM", title: "TEAM", members: [TRAORE, CAMILLE, VIDAL, AYDIN, PONS, LEGOFF], awaited: [OKAFOR] };
export const family: Audience = { code: "FAMILY", title: "Avec Odette et Hélène", members: [CAMILLE, VIDAL, HELENE, ODETTE, LEGOFF], awaited: [] };

export const all: Can = { write: true, manage_consents: true, edit_person: true, edit_life_project: true, open_room: true, plan_session: true };
export const nothing: Can = { write: false, manage_consents: false, edit_person: false, edit_life_project: false, open_room: false, plan_session: false };

export const status = (me: Member, kind = "PROFESSIONAL", more: Partial<StatusView> = {}): StatusView => ({
  phase: "READY",
  online: true,
  outbox: 0,
  version: "dev",
  alarms: [],
  me: { user: me.user, device: id("device"), name: me.name, role: me.role, kind },
  ...more,
});

const rooms: RoomCard[] = [
  { room: TEAM_ROOM, case: CASE, person: "Odette Marchal", kind: "THREAD", title: "TEAM", audience: "TEAM", people: 7, unread: 3, mention: true, last: "Ce matin elle se tenait aux meubles. L’escalier m’inquiète.", last_by: "Yann Le Goff", at: ago(20 * 60_000), state: "READY" },
  { room: FAMILY_ROOM, case: CASE, person: "Odette Marchal", kind: "THREAD", title: "Avec Odette et Hélène", audience: "FAMILY", people: 5, unread: 0, mention: false, last: "Je vous écoute tous. Mais je reste chez moi.", last_by: "Odette Marchal", at: ago(26 * HOUR), state: "READY" },
];
const plan: RoomCard = { room: PLAN_ROOM, case: CASE, person: "Odette Marchal", kind: "PLAN", title: "PLAN", audience: "PLAN", people: 9, unread: 0, mention: false, at: ago(3 * DAY), state: "READY" };
const dossier: RoomCard = { room: CASE, case: CASE, person: "Odette Marchal", kind: "DOSSIER", title: "DOSSIER", audience: "CASE", people: 8, unread: 0, mention: false, at: ago(3 * DAY), state: "READY" };

export const meeting = (more: Partial<MeetingCard> = {}): MeetingCard => ({ session: SESSION, title: "Réunion de concertation du réseau", starts: NOW + 27 * HOUR, zone: "Europe/Paris", minutes: 45, status: "PLANNED", answer: "", items: 3, people: 10, ...more });

export const home: HomeView = {
  worklist: [
    { kind: "ANSWER_INVITATION", case: "", person: "", room: SESSION, session: SESSION, target: "", title: "Réunion de concertation du réseau", due: day(1), at: ago(2 * HOUR) },
    { kind: "SIGN_MINUTES", case: CASE, person: "Karim Belkacem", room: id("item"), session: SESSION, target: id("minutes"), title: "La nuit, la douleur", at: ago(DAY) },
    { kind: "ACTION_DUE", case: CASE, person: "Odette Marchal", room: PLAN_ROOM, session: "", target: id("action"), title: "Déposer le dossier APA", due: day(-1), at: ago(5 * DAY) },
    { kind: "READ_MENTION", case: CASE, person: "Odette Marchal", room: TEAM_ROOM, session: "", target: id("m6"), title: "TEAM", at: ago(HOUR) },
  ],
  meetings: [meeting({ session: id("now"), title: "Retour à domicile de Karim", starts: NOW + 6 * 60_000, answer: "COMES", items: 1 }), meeting()],
  cases: [
    { case: id("case karim"), person: "Karim Belkacem", born: "1961-11-03", unread: 0, rooms: 2, lead: "Sophie Bernard", at: ago(3 * HOUR), frozen: false, warn: [] },
    { case: CASE, person: "Odette Marchal", born: "1938-05-17", unread: 3, rooms: 2, lead: "Camille Renaud", at: ago(20 * 60_000), frozen: false, warn: ["FEW_COLLECTORS"] },
  ],
  threads: rooms.slice(0, 1),
  can_open_case: true,
};

export const party = (member: Member, more: Partial<PartyView> = {}): PartyView => ({ party: member.user, name: member.name, role: member.role, category: "CARE_TEAM", consent: "ACTIVE", rooms: [CASE, PLAN_ROOM, TEAM_ROOM], ...more });

export const circle: PartyView[] = [
  party(TRAORE, { organisation: "CCAS" }),
  party(CAMILLE, { organisation: "DAC du Val d’Orge", lead: true }),
  party(OKAFOR, { consent: "AWAITED", organisation: "Hôpital de jour gériatrique" }),
  party(VIDAL, { attending: true, organisation: "Maison de santé du Pont", rpps: "99900000102" }),
  party(AYDIN, { organisation: "Cabinet de kinésithérapie des Lilas" }),
  party(HELENE, { category: "ENTOURAGE", relation: "Fille", trusted: true, emergency: true, phone: "06 99 00 12 34", rooms: [FAMILY_ROOM] }),
  party(PONS, { organisation: "Pharmacie de la Place" }),
  party(ODETTE, { category: "PERSON", consent: "SELF" }),
  party(LENOIR, { category: "GUEST", consent: "WITHDRAWN", organisation: "Visiteurs du quartier", rooms: [] }),
  { party: SON, name: "Philippe Marchal", role: "SON", category: "ENTOURAGE", relation: "Fils", consent: "REFUSED", rooms: [] },
  party(LEGOFF, { organisation: "Cabinet infirmier du Pont" }),
];

export const odette: CaseView = {
  case: CASE,
  person: { display: "Odette Marchal", family_name: "Marchal", given_name: "Odette", birth_date: "1938-05-17", sex: "F", ins: "238059999900106", phone: "01 99 00 38 17", address: "4 rue du Marché, escalier B", user: ODETTE.user },
  life_project: { text: "Je veux rester chez moi, avec mon chat et mes voisins. J’ai toujours marché jusqu’au marché le jeudi, et je veux y retourner.", said: day(-12), by: "Camille Renaud", at: ago(12 * DAY) },
  leaflet: { version: "v3", date: day(-12), by: "Camille Renaud" },
  circle,
  rooms: [...rooms, plan, dossier],
  sessions: [meeting()],
  plan: { room: PLAN_ROOM, actions: 4, open: 3, mine: 1 },
  timeline: [
    { at: ago(20 * 60_000), kind: "document.shared", by: "Mireille Pons", room: TEAM_ROOM, text: "Ordonnance de novembre.pdf" },
    { at: ago(26 * HOUR), kind: "session.planned", by: "Camille Renaud", room: SESSION, text: "Réunion de concertation du réseau" },
    { at: ago(2 * DAY), kind: "consent.ended", by: "Odette Marchal", room: CASE, text: "Paul Lenoir" },
    { at: ago(4 * DAY), kind: "consent.refused", by: "Camille Renaud", room: CASE, text: "Philippe Marchal" },
    { at: ago(4 * DAY), kind: "consent.recorded", by: "Camille Renaud", room: CASE, text: "Hélène Marchal" },
    { at: ago(4 * DAY), kind: "room.opened", by: "Camille Renaud", room: FAMILY_ROOM, text: "Avec Odette et Hélène" },
    { at: ago(5 * DAY), kind: "circle.party", by: "Camille Renaud", room: CASE, text: "Dr Ada Okafor" },
    { at: ago(12 * DAY), kind: "case.life_project", by: "Camille Renaud", room: CASE },
    { at: ago(12 * DAY), kind: "case.leaflet", by: "Camille Renaud", room: CASE, text: "v3" },
    { at: ago(12 * DAY), kind: "case.identity", by: "Camille Renaud", room: CASE },
  ],
  accesses: [
    { at: ago(40 * 60_000), by: "Mireille Pons", what: "document.opened", text: "Ordonnance de novembre.pdf" },
    { at: ago(3 * HOUR), by: "Dr Antoine Vidal", what: "joined" },
    { at: ago(2 * DAY), by: "Philippe Marchal", what: "refused" },
  ],
  warn: ["FEW_COLLECTORS"],
  frozen: false,
  audience: { code: "CASE", title: "DOSSIER", members: [...team.members, HELENE, ODETTE], awaited: [OKAFOR] },
  can: all,
  state: "READY",
};

const scope = (room: string, title: string, audience: string, state = "ACTIVE", number = 1): ConsentsView["rows"][number]["scope"][number] => ({ room, title, audience, state, number });
const given = (category: string, basis: string, at: number, names: string[]): ConsentsView["rows"][number]["history"][number] => ({ at, kind: "GIVEN", category, basis, given_by: "PERSON", by: "Camille Renaud", how: "ORAL", leaflet: "v3", rooms: names });

export const consents: ConsentsView = {
  case: CASE,
  person: "Odette Marchal",
  rows: circle.map((one) => {
    const all3 = [scope(CASE, "DOSSIER", "CASE"), scope(PLAN_ROOM, "PLAN", "PLAN"), scope(TEAM_ROOM, "TEAM", "TEAM")];
    const base = { party: one, collector: one.name === "Camille Renaud", can_end: one.consent === "ACTIVE" || one.consent === "AWAITED" };
    if (one.consent === "REFUSED") return { ...base, scope: [], history: [{ at: ago(4 * DAY), kind: "REFUSED", by: "Camille Renaud", note: "Odette ne souhaite pas que son fils soit informé.", rooms: [] }] };
    if (one.consent === "SELF") return { ...base, scope: [], history: [] };
    if (one.consent === "WITHDRAWN")
      return {
        ...base,
        scope: [scope(id("item three"), "Comment rompre l’isolement ?", "ITEM", "WITHDRAWN")],
        history: [
          { at: ago(2 * DAY), kind: "WITHDRAWN", by: "Odette Marchal", note: "Je préfère ma voisine.", rooms: ["Comment rompre l’isolement ?"] },
          given("GUEST", "EXPRESS_CONSENT", ago(4 * DAY), ["Comment rompre l’isolement ?"]),
        ],
      };
    if (one.category === "ENTOURAGE") return { ...base, scope: [scope(FAMILY_ROOM, "Avec Odette et Hélène", "FAMILY"), { ...scope(PLAN_ROOM, "PLAN", "PLAN"), expires: NOW + 80 * DAY }], history: [given("ENTOURAGE", "EXPRESS_CONSENT", ago(4 * DAY), ["Avec Odette et Hélène", "PLAN"])] };
    return { ...base, scope: all3.map((s) => Object.assign({}, s, { state: one.consent })), history: [given("CARE_TEAM", "NON_OPPOSITION", ago(5 * DAY), ["DOSSIER", "PLAN", "TEAM"])] };
  }),
  rooms: [...rooms, plan, dossier],
  leaflet: { version: "v3", date: day(-12), by: "Camille Renaud" },
  can: all,
  directory: [CAMILLE, HELENE, AYDIN, LENOIR, LEGOFF, OKAFOR, PONS, TRAORE, VIDAL]
    .map((one) => ({ user: one.user, name: one.name, role: one.role, kind: one.role === "VOLUNTEER" ? "VOLUNTEER" : one.role === "DAUGHTER" ? "RELATED" : "PROFESSIONAL", organisation: circle.find((p) => p.party === one.user)?.organisation ?? "" }))
    .concat([{ user: id("Julien Moreau"), name: "Julien Moreau", role: "PSYCHOLOGIST", kind: "PROFESSIONAL", organisation: "Équipe mobile de soins palliatifs" }]),
  warn: ["FEW_COLLECTORS"],
};
