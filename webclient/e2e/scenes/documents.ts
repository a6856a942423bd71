/** Documents of a case. */
import type { DocumentsView, DocumentView } from "../../src/core/types.gen";
import { ago, CAMILLE, CASE, DAY, FAMILY_ROOM, HELENE, HOUR, id, LEGOFF, odette, PONS, status, TEAM_ROOM, VIDAL } from "./odette";
import type { Scene } from "./play";

const of = (name: string, mediaType: string, size: number, more: Partial<DocumentView> = {}): DocumentView => ({
  document: id(name),
  room: TEAM_ROOM,
  name,
  media_type: mediaType,
  size,
  by: PONS.name,
  at: ago(DAY),
  opened_by: [],
  audience: "TEAM",
  people: 7,
  ...more,
});

const documents: DocumentsView = {
  case: CASE,
  person: "Odette Marchal",
  documents: [
    of("Escalier.jpg", "image/jpeg", 2_140_000, { by: LEGOFF.name, at: ago(3 * HOUR), caption: "La troisième marche n’a pas de rampe", opened_by: [{ name: VIDAL.name, at: ago(2 * HOUR) }] }),
    of("Ordonnance de novembre.pdf", "application/pdf", 214_000, { caption: "Neuf lignes", opened_by: [VIDAL, CAMILLE, LEGOFF].map((one) => ({ name: one.name, at: ago(20 * HOUR) })) }),
    of("Grille AGGIR.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 48_000, { by: CAMILLE.name, at: ago(4 * DAY) }),
    of("Devis téléalarme.pdf", "application/pdf", 1_320_000, { room: FAMILY_ROOM, by: HELENE.name, at: ago(5 * DAY), audience: "FAMILY", people: 5, opened_by: [{ name: CAMILLE.name, at: ago(4 * DAY) }] }),
  ],
  rooms: odette.rooms.filter((room) => room.kind === "THREAD"),
};

const scene = (view: DocumentsView | { error: { code: string } }): Scene => ({ path: `/case/${CASE}/documents`, views: { status: status(CAMILLE), documents: view } });

export const documentScenes: Readonly<Record<string, Scene>> = {
  documents: scene(documents),
  "documents-empty": scene({ ...documents, documents: [] }),
  "documents-reader": scene({ ...documents, documents: [], rooms: [] }),
  "documents-error": scene({ error: { code: "not_member" } }),
};
