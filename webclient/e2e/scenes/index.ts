/** Every scene by its name: a screen in a state that somebody will meet. */
import { homeScenes } from "./home";
import type { Scene } from "./play";
import { roomScenes } from "./room";

export const SCENES: Readonly<Record<string, Scene>> = {
  ...homeScenes,
  ...roomScenes,
};
