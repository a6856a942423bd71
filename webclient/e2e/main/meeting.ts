/** Part 3: the call. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import { expect, it } from "vitest";
import { openCase } from "./conversation";
import { decoded } from "./frames";
import { look } from "./pictures";
import { PATIENCE, SMALL, WIDE, type Person } from "./person";
import { MEETING, QUESTIONS, WISH } from "./story";
import type { World } from "./world";

const NAMES = { camille: "Camille Renaud", helene: "Hélène Marchal", lenoir: "Paul Lenoir", odette: "Odette Marchal", traore: "Aminata Traoré", vidal: "Dr Antoine Vidal" } as const;
type Key = keyof typeof NAMES;

/** Who is in for which question: the daughter for the first and the third, the volunteer for the third only. */
const FIRST: readonly Key[] = ["camille", "helene", "odette", "traore", "vidal"];
const SECOND: readonly Key[] = ["camille", "odette", "traore", "vidal"];
const THIRD: readonly Key[] = ["camille", "helene", "lenoir", "odette", "traore"];

export function meeting(world: World): void {
  it("Camille opens the lobby; each checks camera and microphone and asks to come in", async () => {
    const camille = world.person("camille");
    await openMeeting(camille);
    await camille.button("Ouvrir l’accueil").click();
    await camille.button("Entrer").waitFor();
    await camille.page.getByText("On vous entend.").waitFor();
    await look(camille, "lobby-chair");
    await camille.page.setViewportSize(SMALL);
    await camille.button("Entrer").click();

    for (const key of ["vidal", "odette", "traore", "helene"] as const) {
      const person = world.person(key);
      await knock(person, key === "vidal" ? "lobby" : key === "traore" ? "lobby-en" : undefined);
    }
  });

  it("Camille starts the first question and lets them in, one by one and together; each sees the faces of all the others", async () => {
    const camille = world.person("camille");
    await camille.page.getByText("Attendent à l’accueil (4)").waitFor();
    await look(camille, "lobby-waiting");
    await camille.button("Commencer le point 1").click();
    await panel(camille, "Participants");
    await camille.page.getByText("Quorum pas encore atteint").waitFor();
    await look(camille, "call-admit");
    await camille.button(`Faire entrer ${NAMES.vidal}`).click();
    await face(camille, NAMES.vidal).waitFor();
    await camille.button(/^Faire entrer les 3/u).click();
    await everybodySeesEverybody(world, FIRST);
    await camille.page.getByText(/^Quorum atteint, 5\s/u).waitFor();
    await camille.page.getByRole("heading", { name: "Dans la réunion (5)" }).waitFor();
    await look(camille, "call-people");
  });

  it("Hands are raised in one queue, and what is written is read beside the faces", async () => {
    const [camille, odette, vidal] = [world.person("camille"), world.person("odette"), world.person("vidal")];
    await vidal.button("Lever la main").click();
    await camille.page.getByText("Demandent la parole, dans l’ordre").waitFor();
    await odette.button("Lever la main").click();
    const queue = camille.page.getByRole("region", { name: /Demandent la parole/ }).getByRole("listitem");
    await expect.poll(() => queue.allInnerTexts(), { timeout: PATIENCE }).toEqual([NAMES.vidal, NAMES.odette]);
    await vidal.button("Baisser la main").click();
    await odette.button("Baisser la main").click();
    await expect.poll(() => queue.count(), { timeout: PATIENCE }).toBe(0);

    await panel(camille, "Discussion");
    await camille.field("Votre message").fill("La famille sera entendue aux points 1 et 3.");
    await camille.button(/^Envoyer au point/).click();
    await panel(vidal, "Discussion");
    await vidal.page.getByText("La famille sera entendue aux points 1 et 3.").waitFor();
    await look(camille, "call");
    await unpanel(odette);
    await look(odette, "call-faces");
    await look(world.person("traore"), "call-en");
  });

  it("Camille shares her screen, and takes it back", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await camille.button("Partager l’écran").click();
    const shared = vidal.page.getByRole("figure", { name: `Écran partagé par ${NAMES.camille}` });
    await expect.poll(() => decoded(shared.locator("video")), { timeout: PATIENCE }).toBeGreaterThan(2);
    await look(vidal, "call-screen");
    await camille.button("Arrêter le partage").first().click();
    await shared.waitFor({ state: "detached" });
  });

  it("Odette leaves and comes back, and loses nothing", async () => {
    const [camille, odette] = [world.person("camille"), world.person("odette")];
    await odette.button("Quitter").click();
    await odette.page.getByText("Vous avez quitté la réunion").waitFor();
    await face(camille, NAMES.odette).waitFor({ state: "detached" });
    await odette.button("Revenir dans la réunion").click();
    await everybodySeesEverybody(world, FIRST);
    await panel(odette, "Discussion");
    await odette.page.getByText("La famille sera entendue aux points 1 et 3.").waitFor();
  });

  it("Each takes a position; a reservation and a dissent are as visible as an agreement", async () => {
    const [camille, odette, traore, vidal] = [world.person("camille"), world.person("odette"), world.person("traore"), world.person("vidal")];
    await position(odette, "D’accord", WISH);
    await position(vidal, "Pas d’accord", "Sans aide la nuit, le risque reste entier.");
    await position(traore, "Agree, with a reservation", "L’escalier reste dangereux.");
    await panel(camille, "Positions");
    const taken = camille.page.getByRole("complementary", { name: "Positions" }).getByRole("listitem");
    await taken.filter({ hasText: NAMES.traore }).filter({ hasText: "D’accord, avec une réserve" }).getByText("L’escalier reste dangereux.").waitFor();
    await taken.filter({ hasText: NAMES.vidal }).filter({ hasText: "Pas d’accord" }).getByText("Sans aide la nuit, le risque reste entier.").waitFor();
    await taken.filter({ hasText: NAMES.odette }).getByText("D’accord", { exact: true }).waitFor();
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

  it("The second question is not the daughter’s: she is taken back to the lobby, and the others go on with other keys", async () => {
    const [camille, helene] = [world.person("camille"), world.person("helene")];
    await panel(camille, "Ordre du jour");
    await camille.button("Passer au point 2").click();
    await world.person("odette").title.filter({ hasText: QUESTIONS[1] }).waitFor();
    await helene.page.getByText("Un autre point est en cours").waitFor();
    expect(await faces(helene).count()).toBe(0);
    await face(camille, NAMES.helene).waitFor({ state: "detached" });
    await everybodySeesEverybody(world, SECOND);
    await look(camille, "call-agenda");
    await look(helene, "call-outside");

    const lenoir = await world.arrive("lenoir");
    await knock(lenoir);
    await lenoir.page.getByText("Un autre point est en cours").waitFor();
    expect(await lenoir.page.getByText(QUESTIONS[1]).count()).toBe(0);
    await look(lenoir, "lobby-outside");
  });

  it("Dr Vidal is called away, and the second question is put off: between two questions nobody is in", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await vidal.button("Quitter").click();
    await vidal.button("Page de la réunion").click();
    await camille.button("Reporter").first().click();
    await camille.dialog(/^Reporter ce point/u).getByRole("button", { name: "Reporter" }).click();
    const odette = world.person("odette");
    await odette.page.getByText("Entre deux points").waitFor();
    await look(odette, "call-between");
  });

  it("The third question brings the daughter and the volunteer in; without the general practitioner there is no quorum", async () => {
    const camille = world.person("camille");
    await camille.button("Commencer le point 3").click();
    await panel(camille, "Participants");
    await camille.button(`Faire entrer ${NAMES.lenoir}`).click();
    await everybodySeesEverybody(world, THIRD);
    await camille.page.getByText("Quorum pas encore atteint").waitFor();
    await look(camille, "call-quorum");
  });

  it("Odette withdraws the volunteer’s consent: he is out of the call at once", async () => {
    const [camille, lenoir, odette] = [world.person("camille"), world.person("lenoir"), world.person("odette")];
    const inCall = odette.page;
    await odette.open("/");
    await openCase(odette);
    await odette.link("Registre des accords").first().click();
    await odette.page.getByRole("listitem").filter({ has: odette.page.getByRole("heading", { name: NAMES.lenoir }) }).getByRole("button", { name: "Retirer l’accord" }).click();
    const dialog = odette.dialog(`Retirer l’accord pour ${NAMES.lenoir} ?`);
    const gone = face(camille, NAMES.lenoir).waitFor({ state: "detached" });
    const out = lenoir.page.getByText("Vous ne participez plus à cette réunion").waitFor();
    await dialog.getByRole("button", { name: "Retirer l’accord" }).click();
    const since = Date.now();
    const took = await Promise.all([gone, out].map((one) => one.then(() => Date.now() - since)));
    // oxlint-disable-next-line no-console -- how soon, on this machine
    console.log(`withdrawn in the call: gone from the others' screens after ${String(took[0])} ms, out himself after ${String(took[1])} ms`);
    await odette.page.close();
    await odette.lookAt(inCall);
    await everybodySeesEverybody(world, THIRD.filter((key) => key !== "lenoir"));
    await look(lenoir, "call-withdrawn");
    await world.leave("lenoir");
  });

  it("The meeting ends for all", async () => {
    const camille = world.person("camille");
    await panel(camille, "Ordre du jour");
    await camille.button("Terminer ce point").click();
    await world.person("odette").page.getByText(/Tous les points ont été vus/u).waitFor();
    await camille.button("Terminer la réunion").click();
    await camille.dialog("Terminer la réunion ?").getByRole("button", { name: "Terminer la réunion" }).click();
    for (const key of ["helene", "odette"] as const) await world.person(key).page.getByText("La réunion est terminée").waitFor();
    await world.person("traore").page.getByText("The meeting is over").waitFor();
    await look(world.person("helene"), "call-closed");
    await world.person("helene").button("Page de la réunion").click();
    await camille.title.filter({ hasText: MEETING }).waitFor();
    for (const key of SECOND) await world.person(key).page.setViewportSize(WIDE);
    await world.person("helene").page.setViewportSize(WIDE);
    await look(camille, "session-closed");
  });
}

/** The session's page, from the case as one finds it. */
export async function openMeeting(person: Person): Promise<void> {
  await openCase(person);
  await person.page.getByRole("link", { name: new RegExp(MEETING, "u") }).first().click();
  await person.title.filter({ hasText: MEETING }).waitFor();
}

/** Goes to the lobby, sees oneself and is heard, and asks to come in. */
async function knock(person: Person, picture?: string): Promise<void> {
  await openMeeting(person);
  await person.button(person.says("Rejoindre", "Join")).first().click();
  const ask = person.button(person.says("Demander à entrer", "Ask to come in"));
  await ask.waitFor();
  await person.page.getByText(person.says("On vous entend.", "You can be heard.")).waitFor();
  await expect.poll(() => person.page.locator("video").first().evaluate((mirror) => (mirror as HTMLVideoElement).videoWidth), { timeout: PATIENCE }).toBeGreaterThan(0);
  if (picture !== undefined) await look(person, picture);
  await person.page.setViewportSize(SMALL);
  await ask.click();
  await person.button(person.says("Ne plus attendre", "Stop waiting")).waitFor();
}

/** Opens a panel beside the faces; its button may also say how much waits there. */
async function panel(person: Person, name: string): Promise<void> {
  const button = person.page.getByRole("group", { name: person.says("À côté des visages", "Beside the faces") }).getByRole("button", { name: new RegExp(`^${name}`, "u") });
  if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  await person.page.getByRole("complementary", { name }).waitFor();
}

/** The faces alone. */
async function unpanel(person: Person): Promise<void> {
  await person.page.getByRole("complementary").getByRole("button", { name: person.says("Fermer", "Close") }).click();
}

async function position(person: Person, choice: string, words: string): Promise<void> {
  await panel(person, "Positions");
  await person.button(person.says("Prendre position", "Take a position")).click();
  await person.page.getByRole("radiogroup").getByText(choice, { exact: true }).click();
  await person.field(person.says(/^En quelques mots/, /^In a few words/)).fill(words);
  await person.button(person.says("Enregistrer ma position", "Record my position")).click();
  await person.button(person.says("Changer ma position", "Change my position")).waitFor();
}

const faces = (person: Person) => person.page.getByRole("list", { name: person.says("Participants à l’écran", "People on screen") });
const face = (person: Person, name: string) => faces(person).getByRole("figure", { name, exact: true });

/** Counts the frames that each browser decodes of each of the others, from now on. */
async function everybodySeesEverybody(world: World, keys: readonly Key[]): Promise<void> {
  const seen = keys.flatMap((viewer) => keys.filter((key) => key !== viewer).map((key) => ({ viewer, key })));
  const counts = await Promise.all(
    seen.map(async ({ viewer, key }) => {
      const video = face(world.person(viewer), NAMES[key]).locator("video");
      await video.waitFor({ state: "attached" });
      let before = await decoded(video);
      const more = async (): Promise<number> => {
        const now = await decoded(video);
        if (now < before) before = now; // a connection that was made anew counts anew
        return now - before;
      };
      await expect.poll(more, { timeout: PATIENCE, message: `frames that ${viewer} sees of ${key}` }).toBeGreaterThan(5);
      return `${viewer} ← ${key} ${String(await decoded(video))}`;
    }),
  );
  for (const viewer of keys) expect(await faces(world.person(viewer)).getByRole("figure").count()).toBe(keys.length);
  // oxlint-disable-next-line no-console -- how well this machine carries the faces
  console.log(`decoded frames: ${counts.join(", ")}`);
}
