/** Home and the list of cases. */
import { ago, CAMILLE, CASE, FAMILY_ROOM, home, id, ODETTE, status, TEAM_ROOM } from "./odette";
import type { Scene } from "./play";

const empty = { worklist: [], meetings: [], cases: [], threads: [], can_open_case: false };

export const homeScenes: Readonly<Record<string, Scene>> = {
  home: {
    path: "/",
    views: { status: status(CAMILLE), home },
    answers: {
      search: {
        hits: [
          { kind: "CASE", case: CASE, room: CASE, target: "", title: "Odette Marchal", text: "87 ans", at: 0 },
          { kind: "MESSAGE", case: CASE, room: TEAM_ROOM, target: id("m"), title: "TEAM", text: "Odette est tombée deux fois en dix jours.", at: ago(86_400_000) },
          { kind: "DOCUMENT", case: CASE, room: FAMILY_ROOM, target: id("d"), title: "Ordonnance de novembre.pdf", text: "Partagé par Mireille Pons", at: ago(1_200_000) },
        ],
      },
    },
  },
  "home-empty": { path: "/", views: { status: status(CAMILLE), home: { ...empty, can_open_case: true } } },
  "home-relative": { path: "/", views: { status: status(ODETTE, "PERSON"), home: { ...empty, cases: home.cases.slice(1).map((one) => Object.assign({}, one, { warn: [] })), meetings: home.meetings.slice(1) } } },
  "home-loading": { path: "/", views: { status: status(CAMILLE) } },
  "home-error": { path: "/", views: { status: status(CAMILLE, "PROFESSIONAL", { online: false, outbox: 2 }), home: { error: { code: "unavailable" } } } },
  cases: { path: "/cases", views: { status: status(CAMILLE), home } },
  "cases-empty": { path: "/cases", views: { status: status(ODETTE, "PERSON"), home: empty } },
};
