import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conversation } from "./conversation";
import { decision } from "./decision";
import { dossier } from "./dossier";
import { meeting } from "./meeting";
import { places } from "./places";
import { findings } from "./pictures";
import { stepByStep, World } from "./world";

const world = new World();
beforeAll(() => world.begin());
afterAll(() => world.end());

/**
 * The main job in real browsers against the real binary: Odette Marchal's case,
 * from an empty dossier to her plan of care.
 */
describe("the main job", () => {
  stepByStep(world);
  conversation(world);
  dossier(world);
  meeting(world);
  decision(world);
  places(world);
});

describe("all the while", () => {
  it("axe found nothing on any screen, and nothing scrolled sideways", () => {
    expect(findings).toEqual([]);
  });

  it("no browser complained of anything", () => {
    expect(world.complaints()).toEqual([]);
  });
});
