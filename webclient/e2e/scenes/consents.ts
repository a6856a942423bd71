/** The register of consents. */
import { CAMILLE, CASE, consents, nothing, ODETTE, status } from "./odette";
import type { Scene } from "./play";

const path = `/case/${CASE}/consents`;

export const consentScenes: Readonly<Record<string, Scene>> = {
  consents: { path, views: { status: status(CAMILLE), consents } },
  "consents-person": {
    path,
    views: { status: status({ ...ODETTE, me: true }, "PERSON"), consents: { ...consents, warn: [], can: { ...nothing, manage_consents: true } } },
  },
  "consents-empty": { path, views: { status: status(CAMILLE), consents: { ...consents, rows: [] } } },
  "consents-refused": { path, views: { status: status(CAMILLE), consents }, answers: { "consent.withdraw": { code: "unavailable" }, "consent.give": { code: "old_receipt" } } },
};
