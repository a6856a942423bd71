/** Every scene by its name: a screen in a state that somebody will meet. */
import { caseScenes } from "./case";
import { consentScenes } from "./consents";
import { homeScenes } from "./home";
import { networkScenes } from "./network";
import type { Scene } from "./play";
import { rcpScenes } from "./rcp";
import { roomScenes } from "./room";

export const SCENES: Readonly<Record<string, Scene>> = {
  ...caseScenes,
  ...consentScenes,
  ...homeScenes,
  ...networkScenes,
  ...rcpScenes,
  ...roomScenes,
};
