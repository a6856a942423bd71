/** The directory and the settings. */
import { ago, CAMILLE, consents, DAY, home, id, status } from "./odette";
import type { Scene } from "./play";

const views = { status: status(CAMILLE), home };
const me = { user: CAMILLE.user, device: id("device"), name: CAMILLE.name, role: CAMILLE.role, kind: "PROFESSIONAL" };

export const networkScenes: Readonly<Record<string, Scene>> = {
  network: { path: "/network", views: { ...views, network: { members: consents.directory } } },
  "network-empty": { path: "/network", views: { ...views, network: { members: [] } } },
  settings: {
    path: "/settings",
    views: {
      ...views,
      settings: {
        me,
        devices: [
          { device: "k5tq7zpa4xn2fevbhyw3r6ydlu", current: true, revoked: false, at: ago(3_600_000) },
          { device: "b2mw6rsh3ojk7cgvxt4ypqd5ne", current: false, revoked: false, at: ago(40 * DAY) },
          { device: "z7xk4uf2awsq3jrmny6vtp5hcb", current: false, revoked: true, at: ago(90 * DAY) },
        ],
      },
    },
  },
  "settings-unsent": { path: "/settings", views: { ...views, status: status(CAMILLE, "PROFESSIONAL", { outbox: 2, online: false }), settings: { me, devices: [] } } },
};
