/** Part 3: the call. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import { expect, it } from "vitest";
import { openCase } from "./conversation";
import { look } from "./pictures";
import { PATIENCE, type Person } from "./person";
import { MEETING, QUESTIONS } from "./story";
import type { World } from "./world";

/** Who is in the call, by key and by name. */
const PRESENT = { camille: "Camille Renaud", odette: "Odette Marchal", traore: "Aminata Traoré", vidal: "Dr Antoine Vidal" } as const;
type Present = keyof typeof PRESENT;
const KEYS = Object.keys(PRESENT) as Present[];

export function meeting(world: World): void {
  const people = (): Person[] => KEYS.map((key) => world.person(key));

  it("Camille opens the lobby; each checks camera and microphone and asks to come in", async () => {
    await world.arrive("traore", { locale: "en-GB" });
    for (const key of ["camille", "vidal", "odette", "traore", "helene"] as const) {
      const person = world.person(key);
      await openMeeting(person);
      if (key === "camille") {
        await person.button("Ouvrir l’accueil").click();
        await person.button("Entrer").waitFor();
        await look(person, "lobby-chair");
        await person.button("Entrer").click();
        continue;
      }
      await person.button(person.says("Rejoindre", "Join")).first().click();
      await person.button(person.says("Demander à entrer", "Ask to come in")).waitFor();
      if (key === "vidal") await look(person, "lobby");
      if (key === "traore") await look(person, "lobby-en");
      await person.button(person.says("Demander à entrer", "Ask to come in")).click();
      await person.button(person.says("Ne plus attendre", "Stop waiting")).waitFor();
    }
  });

  it("Camille starts the first question and lets three of them in; each sees the faces of the three others", async () => {
    const camille = world.person("camille");
    await camille.page.getByText("Attendent à l’accueil (4)").waitFor();
    await look(camille, "lobby-waiting");
    await camille.button("Commencer le point 1").click();
    await panel(camille, "Participants");
    for (const name of [PRESENT.vidal, PRESENT.odette, PRESENT.traore]) await camille.button(`Faire entrer ${name}`).click();
    await everybodySeesEverybody(people());
    await camille.page.getByText(/^Quorum atteint/).waitFor();
  });

  it("The daughter, who was not let in, waits and sees nobody", async () => {
    const helene = world.person("helene");
    await helene.page.getByText("On vous fait entrer dans un instant").waitFor();
    expect(await helene.page.getByRole("list", { name: "Participants à l’écran" }).count()).toBe(0);
    await look(helene, "lobby-outside");
    await world.leave("helene");
  });

  it("Hands are raised in one queue, and what is written is read beside the faces", async () => {
    const [camille, odette, vidal] = [world.person("camille"), world.person("odette"), world.person("vidal")];
    await vidal.button("Lever la main").click();
    await camille.page.getByText("Demandent la parole, dans l’ordre").waitFor();
    await odette.button("Lever la main").click();
    const queue = camille.page.getByRole("region", { name: /Demandent la parole/ }).getByRole("listitem");
    await expect.poll(() => queue.allInnerTexts(), { timeout: PATIENCE }).toEqual([PRESENT.vidal, PRESENT.odette]);
    await vidal.button("Baisser la main").click();
    await odette.button("Baisser la main").click();
    await expect.poll(() => queue.count(), { timeout: PATIENCE }).toBe(0);

    await panel(camille, "Discussion");
    await camille.field("Votre message").fill("La famille sera entendue au point 3.");
    await camille.button(/^Envoyer au point/).click();
    await panel(vidal, "Discussion");
    await vidal.page.getByText("La famille sera entendue au point 3.").waitFor();
    await look(camille, "call");
    await look(world.person("traore"), "call-en");
  });

  it("Camille shares her screen, and takes it back", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await camille.button("Partager l’écran").click();
    const shared = vidal.page.getByRole("figure", { name: `Écran de ${PRESENT.camille}` });
    await shared.waitFor();
    await expect.poll(() => shared.locator("video").evaluate(frames), { timeout: PATIENCE }).toBeGreaterThan(2);
    await look(vidal, "call-screen");
    await camille.button("Arrêter le partage").first().click();
    await shared.waitFor({ state: "detached" });
  });

  it("Odette leaves and comes back, and loses nothing", async () => {
    const [camille, odette] = [world.person("camille"), world.person("odette")];
    await odette.button("Quitter").click();
    await odette.page.getByText("Vous avez quitté la réunion").waitFor();
    await face(camille, PRESENT.odette).waitFor({ state: "detached" });
    await odette.button("Revenir dans la réunion").click();
    await everybodySeesEverybody(people());
  });

  it("Each takes a position; a reservation is as visible as an agreement", async () => {
    const [camille, odette, traore, vidal] = people();
    if (camille === undefined || odette === undefined || traore === undefined || vidal === undefined) throw new Error("somebody is missing");
    await position(odette, "D’accord", "Je reste chez moi.");
    await position(vidal, "D’accord");
    await position(traore, traore.says("D’accord, avec une réserve", "Agrees, with a reservation"), "L’escalier reste dangereux.");
    await panel(camille, "Positions");
    await camille.page.getByText("L’escalier reste dangereux.").waitFor();
    await look(camille, "call-positions");
  });

  it("Camille and Mme Traoré write the minutes at once, and each sees what the other writes", async () => {
    const [camille, traore] = [world.person("camille"), world.person("traore")];
    await panel(camille, "Compte-rendu");
    await panel(traore, "Minutes");
    const [hers, theirs] = [camille.field("Ce qui s’est dit"), traore.field("What was said")];
    await Promise.all([hers.waitFor(), theirs.waitFor()]);
    await hers.fill("Deux chutes, un escalier. ");
    await expect.poll(() => theirs.inputValue(), { timeout: PATIENCE }).toBe("Deux chutes, un escalier. ");
    await Promise.all([
      hers.press("Control+Home").then(() => hers.pressSequentially("Réunis autour d’Odette : ", { delay: 15 })),
      theirs.press("Control+End").then(() => theirs.pressSequentially("Elle veut rester.", { delay: 15 })),
    ]);
    const together = "Réunis autour d’Odette : Deux chutes, un escalier. Elle veut rester.";
    for (const field of [hers, theirs]) await expect.poll(() => field.inputValue(), { timeout: PATIENCE }).toBe(together);
    await traore.field("Synthesis").fill("Le maintien à domicile est possible, si l’escalier est sécurisé.");
    await expect.poll(() => camille.field("Synthèse").inputValue(), { timeout: PATIENCE }).toContain("est possible");
    await look(camille, "call-minutes");
  });

  it("The meeting moves to the second question and takes everybody with it, with other keys", async () => {
    const [camille, odette] = [world.person("camille"), world.person("odette")];
    await panel(camille, "Ordre du jour");
    await camille.button("Commencer le point 2").click();
    await odette.title.filter({ hasText: QUESTIONS[1] }).waitFor();
    await everybodySeesEverybody(people());
    await look(camille, "call-agenda");
  });

  it("What was not reached is put off, and the meeting ends for all", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await camille.button("Terminer ce point").click();
    await vidal.page.getByText("Entre deux points").waitFor();
    await look(vidal, "call-between");
    await camille.button("Reporter").last().click();
    await camille.button("Terminer la réunion").click();
    await camille.dialog("Terminer la réunion ?").getByRole("button", { name: "Terminer la réunion" }).click();
    for (const key of ["vidal", "odette"] as const) await world.person(key).page.getByText("La réunion est terminée").waitFor();
    await look(vidal, "call-closed");
    await camille.title.filter({ hasText: MEETING }).waitFor();
  });
}

/** The session's page, from the case as one finds it. */
export async function openMeeting(person: Person): Promise<void> {
  await openCase(person);
  await person.page.getByRole("link", { name: new RegExp(MEETING, "u") }).first().click();
  await person.title.filter({ hasText: MEETING }).waitFor();
}

/** Opens a panel beside the faces. */
async function panel(person: Person, name: string): Promise<void> {
  const button = person.page.getByRole("group", { name: person.says("À côté des visages", "Beside the faces") }).getByRole("button", { name, exact: true });
  if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  await person.page.getByRole("complementary", { name }).waitFor();
}

async function position(person: Person, choice: string, words = ""): Promise<void> {
  await panel(person, "Positions");
  await person.button(person.says("Prendre position", "Take a position")).click();
  await person.page.getByRole("radio", { name: choice, exact: true }).check({ force: true });
  if (words !== "") await person.field(person.says(/^En quelques mots/, /^In a few words/)).fill(words);
  await person.button(person.says("Enregistrer ma position", "Record my position")).click();
  await person.button(person.says("Changer ma position", "Change my position")).waitFor();
}

const face = (person: Person, name: string) => person.page.getByRole("figure", { name, exact: true });

/** How many frames of a video have been decoded and shown. */
function frames(video: SVGElement | HTMLElement): number {
  return (video as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames;
}

/** Counts decoded frames of each of the others in each browser, from now on. */
async function everybodySeesEverybody(people: readonly Person[]): Promise<void> {
  const counts: string[] = [];
  for (const person of people) {
    for (const key of KEYS) {
      if (key === person.key) continue;
      const video = face(person, PRESENT[key]).locator("video");
      await video.waitFor({ state: "attached" });
      const before = await video.evaluate(frames);
      await expect.poll(() => video.evaluate(frames), { timeout: PATIENCE, message: `${person.key} sees ${key}` }).toBeGreaterThan(before + 10);
      counts.push(`${person.key} ← ${key}: ${String(await video.evaluate(frames))}`);
    }
  }
  // oxlint-disable-next-line no-console -- how well this machine carries four faces
  console.log(`decoded frames: ${counts.join(", ")}`);
}
