/** Scenes from documents to the plan: what a concertation needs and what comes of it. */
import { documentScenes } from "./documents";
import { minutesScenes } from "./minutes";
import { planScenes } from "./plan";
import type { Scene } from "./play";
import { sessionScenes } from "./sessions";

export const rcpScenes: Readonly<Record<string, Scene>> = {
  ...documentScenes,
  ...minutesScenes,
  ...planScenes,
  ...sessionScenes,
};
