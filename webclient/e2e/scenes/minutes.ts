/** Minutes of the first item: being written, proposed, sealed. */
import type { ItemView, MinutesContent, PositionCode, SignatureView } from "../../src/core/types.gen";
import { ago, AYDIN, CAMILLE, DAY, day, HELENE, HOUR, LEGOFF, ODETTE, PONS, SESSION, status, TRAORE, VIDAL } from "./odette";
import type { Scene } from "./play";
import { DAC, item, ITEMS } from "./sessions";

const PRESENT = [TRAORE, CAMILLE, VIDAL, AYDIN, HELENE, ODETTE, LEGOFF];
const positions: ItemView["positions"] = (
  [
    [TRAORE, "RESERVATION", "L’escalier reste dangereux tant qu’il n’y a pas de rampe."],
    [VIDAL, "AGREE", ""],
    [AYDIN, "ABSTAIN", ""],
    [LEGOFF, "AGREE", ""],
  ] as const
).map(([who, position, text]) => ({ by: who.user, name: who.name, role: who.role, position: position as PositionCode, text, at: ago(DAY), history: [] }));

const content: MinutesContent = {
  format: "ensemble.minutes.1",
  room: ITEMS[0],
  session: SESSION,
  item: 1,
  version: 2,
  rule: DAC,
  title: "Réunion de concertation du réseau",
  held: { from: ago(DAY + HOUR), to: ago(DAY), zone: "Europe/Paris" },
  person: "Odette Marchal",
  question: item.question,
  requester: VIDAL.user,
  wish: "Je reste chez moi.",
  attendance: PRESENT.map((one) => ({ user: one.user, key_hash: "", name: one.name, role: one.role, duty: one === CAMILLE ? "CHAIR" : one === TRAORE ? "SECRETARY" : one === VIDAL ? "REQUESTER" : "PARTICIPANT", remote: true })),
  quorum: { reached: true, present: 7 },
  place: { seq: 42, chain: "" },
  discussion: "Deux chutes en dix jours, la nuit, dans l’escalier. Odette se tient aux meubles.\nHélène peut venir le soir. Le Dr Okafor, par écrit, propose un bilan d’équilibre à l’hôpital de jour.",
  synthesis: "Odette reste chez elle. La chambre descend au rez-de-chaussée et l’équilibre est travaillé.",
  decisions: ["Odette reste chez elle.", "La chambre descend au rez-de-chaussée.", "Deux passages d’une aide par semaine."],
  positions: positions.map((one) => ({ user: one.by, name: one.name, position: one.position, text: one.text ?? "", at: one.at })),
  actions: [
    { text: "Exercices d’équilibre, deux séances par semaine", problem: "Chutes", goal: "Marcher jusqu’au marché", performer: AYDIN.user, performer_name: AYDIN.name, due: day(10) },
    { text: "Installer la téléalarme", problem: "Chutes", goal: "Être secourue vite", performer: HELENE.user, performer_name: HELENE.name, due: day(7) },
  ],
  required_signers: [CAMILLE.user, TRAORE.user, VIDAL.user, AYDIN.user, LEGOFF.user],
};
const previous: MinutesContent = { ...content, version: 1, synthesis: "Odette reste chez elle, avec une aide. L’équilibre est travaillé.", decisions: ["Odette reste chez elle.", "Deux passages d’une aide par semaine."] };
const signed = (who: typeof VIDAL, more: Partial<SignatureView> = {}): SignatureView => ({ user: who.user, name: who.name, role: who.role, at: ago(20 * HOUR), ...more });

const digest = "9f2c41d07be8a3665d10c3f84e97ab2132056375a3e543859f8f61699b05f8ec";
const draft: ItemView = { ...item, status: "DONE", positions, attendance: content.attendance, quorum: { reached: true, present: 7 }, minutes: { ...item.minutes, state: "DRAFT" }, can: { ...item.can, opinion: false, propose: true } };
const proposed: ItemView = {
  ...draft,
  minutes: { ...draft.minutes, state: "PROPOSED", version: 2, content, previous, digest, signatures: [signed(TRAORE, { position: "RESERVATION", text: "L’escalier reste dangereux tant qu’il n’y a pas de rampe." }), signed(VIDAL, { position: "AGREE" })], awaited: [CAMILLE, AYDIN, LEGOFF], present_not_signed: [CAMILLE.name, AYDIN.name, HELENE.name, LEGOFF.name, ODETTE.name] },
  can: { ...draft.can, draft: false, propose: false, position: true, sign: true, reopen: true },
};
const sealed: ItemView = {
  ...proposed,
  minutes: {
    ...proposed.minutes,
    state: "SEALED",
    awaited: [],
    sealed_at: ago(4 * HOUR),
    signatures: [signed(TRAORE, { position: "RESERVATION", text: "L’escalier reste dangereux tant qu’il n’y a pas de rampe." }), signed(CAMILLE), signed(VIDAL, { position: "AGREE" }), signed(AYDIN, { position: "ABSTAIN" }), signed(LEGOFF, { position: "AGREE" })],
    present_not_signed: [HELENE.name, ODETTE.name],
    addenda: [{ by: VIDAL.name, at: ago(HOUR), text: "Le bilan d’équilibre aura lieu le 3 décembre, et non le 1er." }],
  },
  can: { ...proposed.can, position: false, sign: false, reopen: false, addendum: true },
};

const scene = (value: ItemView | { error: { code: string } }, me = LEGOFF, more: Partial<Scene> = {}): Scene => ({ path: `/session/${SESSION}/minutes/${ITEMS[0]}`, views: { status: status(me), item: value }, ...more });

/** Somebody who writes in the synthesis: {"field":"synthesis"}. */
const presence = { event: "coedit" as const, room: ITEMS[0], kind: "awareness", update: btoa('{"field":"synthesis"}'), by: TRAORE.user };

export const minutesScenes: Readonly<Record<string, Scene>> = {
  "minutes-draft": scene(draft, CAMILLE, { live: [presence] }),
  "minutes-waiting": scene({ ...draft, can: { ...draft.can, draft: false, propose: false, position: false } }, ODETTE),
  "minutes-proposed": scene(proposed),
  "minutes-sealed": scene(sealed),
  "minutes-error": scene({ error: { code: "unknown_room" } }),
  "minutes-pons": scene({ ...proposed, can: { ...proposed.can, sign: false, reopen: false } }, PONS),
};
export { draft as draftItem };
