/** Conversations in every state. */
import type { RoomItem, RoomView } from "../../src/core/types.gen";
import { ago, all, CAMILLE, CASE, DAY, family, FAMILY_ROOM, HELENE, HOUR, id, LEGOFF, nothing, ODETTE, PONS, status, team, TEAM_ROOM, TRAORE, VIDAL } from "./odette";
import type { Scene } from "./play";

let seq = 0;
const item = (by: { user: string; name: string; me?: boolean }, at: number, more: Partial<RoomItem> = {}): RoomItem => {
  seq += 1;
  return { id: id(`m${"abcdefghijklmnopqrstuvwxyz".charAt(seq % 26)}${seq > 25 ? "b" : "c"}${seq > 51 ? "d" : "e"}`), seq, at, by: by.user, name: by.name, mine: by.me ?? false, kind: "MESSAGE", mentions: [], edited: [], retracted: false, delivery: "SENT", read_by: [], ...more };
};
const told = (kind: string, by: { user: string; name: string }, at: number, subject?: string, more: Partial<RoomItem> = {}): RoomItem => item(by, at, { kind, ...(subject === undefined ? {} : { subject }), ...more });

const first = item(VIDAL, ago(2 * DAY), { text: "Odette est tombée deux fois en dix jours. Je voudrais qu’on se voie : maison, médicaments, solitude." });
const seen = item(LEGOFF, ago(2 * DAY - 300_000), { text: "Ce matin elle se tenait aux meubles. L’escalier m’inquiète.\nJ’ai laissé la lumière du couloir allumée." });

const items: RoomItem[] = [
  told("JOINED", VIDAL, ago(3 * DAY), VIDAL.name),
  told("JOINED", LEGOFF, ago(3 * DAY - 60_000), LEGOFF.name),
  told("JOINED", TRAORE, ago(3 * DAY - 90_000), TRAORE.name),
  first,
  seen,
  item(CAMILLE, ago(2 * DAY - 600_000), { text: "Merci à tous les deux. J’organise une réunion cette semaine. @Aminata Traoré, où en est le dossier APA (allocation personnalisée d’autonomie) ?", mentions: [TRAORE.user], edited: [{ at: ago(2 * DAY - 500_000), text: "Merci à tous les deux. J’organise une réunion." }], read_by: [TRAORE.name, VIDAL.name, PONS.name, LEGOFF.name, "Emre Aydin"] }),
  item(TRAORE, ago(DAY + 3 * HOUR), { text: "Je peux le déposer dès qu’on est d’accord sur le plan d’aide.", reply_to: { id: first.id, name: VIDAL.name, text: first.text ?? "", retracted: false } }),
  item(PONS, ago(DAY), { kind: "DOCUMENT", document: { document: id("doc"), room: TEAM_ROOM, name: "Ordonnance de novembre.pdf", media_type: "application/pdf", size: 214_000, by: PONS.name, at: ago(DAY), opened_by: [], audience: "TEAM", people: 7 }, text: "Neuf lignes. Voir https://ansm.sante.fr/interactions pour les interactions." }),
  item(LEGOFF, ago(DAY - HOUR), { retracted: true }),
  told("CONSENT_WITHDRAWN", ODETTE, ago(9 * HOUR), "Paul Lenoir", { why: "Je préfère ma voisine." }),
  told("LEFT", { user: id("Paul Lenoir"), name: "Paul Lenoir" }, ago(9 * HOUR - 1000), "Paul Lenoir"),
  item(CAMILLE, ago(6 * HOUR), { text: "C’est noté, je préviens Paul de vive voix.", read_by: [LEGOFF.name, VIDAL.name] }),
  told("REFUSED", { user: id("Philippe Marchal"), name: "Philippe Marchal" }, ago(3 * HOUR), undefined, { why: "not_consented" }),
  item(VIDAL, ago(40 * 60_000), { text: "@Camille Renaud, jeudi 14 h me convient." , mentions: [CAMILLE.user] }),
  item(VIDAL, ago(39 * 60_000), { text: "Je préviens Odette." }),
  item(CAMILLE, ago(60_000), { text: "Parfait.", seq: 0, delivery: "SENDING" }),
  item(CAMILLE, ago(30_000), { text: "J’envoie l’invitation.", seq: 0, delivery: "FAILED", why: "unavailable" }),
];
const unreadFrom = items.find((one) => one.text?.startsWith("@Camille") ?? false)?.seq ?? 1;

const teamRoom: RoomView = { room: TEAM_ROOM, case: CASE, kind: "THREAD", person: "Odette Marchal", title: "TEAM", audience: { ...team, members: team.members.map((one) => Object.assign({}, one, { cursor: one.cursor > 40 ? 400 : 8 })) }, items, more: true, draft: "", typing: [LEGOFF.name], read_to: unreadFrom - 1, can: all, state: "READY", removal_pending: [] };

const familyItems: RoomItem[] = [
  told("JOINED", HELENE, ago(2 * DAY), HELENE.name),
  item(HELENE, ago(DAY + 2 * HOUR), { text: "Maman a peur qu’on la place. Pouvez-vous lui redire que ce n’est pas le sujet ?" }),
  item(ODETTE, ago(DAY + HOUR), { text: "Je vous écoute tous. Mais je reste chez moi." }),
  item(VIDAL, ago(DAY), { text: "Bien sûr, Odette. On cherche comment vous aider à rester chez vous." }),
];
const asHelene = family.members.map((one) => Object.assign({}, one, { me: one.user === HELENE.user, cursor: 400 }));
const familyRoom: RoomView = { ...teamRoom, room: FAMILY_ROOM, title: "Avec Odette et Hélène", audience: { ...family, members: asHelene }, items: familyItems.map((one) => Object.assign({}, one, { mine: one.by === HELENE.user, read_by: one.by === HELENE.user ? [ODETTE.name, VIDAL.name, CAMILLE.name, LEGOFF.name] : [] })), more: false, typing: [], read_to: 400, can: { ...nothing, write: true }, draft: "Merci docteur" };

const scene = (room: RoomView | { error: { code: string } }, me = CAMILLE, kind = "PROFESSIONAL"): Scene => ({ path: `/room/${TEAM_ROOM}`, views: { status: status(me, kind), room } });

export const roomScenes: Readonly<Record<string, Scene>> = {
  room: scene(teamRoom),
  "room-family": scene(familyRoom, { ...HELENE, me: true }, "RELATED"),
  "room-empty": scene({ ...teamRoom, items: [], more: false, typing: [] }),
  "room-history": scene({ ...teamRoom, items: [told("UNREADABLE", VIDAL, ago(DAY)), told("JOINED", CAMILLE, ago(HOUR), CAMILLE.name)], more: false, typing: [], state: "AWAITING_HISTORY" }),
  "room-joining": scene({ ...teamRoom, items: [], more: false, typing: [], state: "JOINING", can: { ...nothing, why_not: "unknown_room" } }),
  "room-forked": scene({ ...teamRoom, typing: [], state: "FORKED" }),
  "room-ended": scene({ ...teamRoom, typing: [], state: "ENDED", can: { ...nothing, why_not: "not_consented" } }),
  "room-removal": scene({ ...teamRoom, typing: [], removal_pending: ["Paul Lenoir"], draft: "Je passe demain matin." }),
  "room-loading": { path: `/room/${TEAM_ROOM}`, views: { status: status(CAMILLE) } },
  "room-error": scene({ error: { code: "unknown_room" } }),
};
