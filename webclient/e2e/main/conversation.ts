/** Part 1: a conversation that only its people can read. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import type { Locator } from "playwright-core";
import { expect, it } from "vitest";
import { look } from "./pictures";
import { PATIENCE, type Person } from "./person";
import { INS, LIFE_PROJECT, PERSON } from "./story";
import type { World } from "./world";

export const FAMILY = "Avec Odette et Hélène";
export const TEAM = "Fil de l’équipe";

/** The bubble of a message that holds this text. */
export const said = (person: Person, text: string | RegExp) => person.page.getByRole("list", { name: "Messages" }).getByRole("article").filter({ hasText: text });

export async function say(person: Person, text: string): Promise<void> {
  await person.field("Votre message").fill(text);
  await person.button(/^Envoyer/).click();
}

/** Waits until one's own message has been acknowledged. */
export const sent = (person: Person, text: string): Promise<void> =>
  said(person, text)
    .getByText(/Envoyé|Lu par/u)
    .waitFor();

/** Opens a conversation from the case, as one who comes from home does. */
export async function openRoom(person: Person, room: string): Promise<void> {
  await openCase(person);
  await person.page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: room }).click();
  await person.title.filter({ hasText: room }).waitFor();
  await person.field("Votre message").waitFor();
}

export async function openCase(person: Person): Promise<void> {
  await person.go("Dossiers");
  await person.page.getByRole("link", { name: PERSON }).click();
  await person.title.filter({ hasText: PERSON }).waitFor();
}

export function conversation(world: World): void {
  it("Camille and Dr Vidal arrive, each with keys of their own", async () => {
    await Promise.all([world.arrive("camille"), world.arrive("vidal", { ownLine: true })]);
    for (const key of ["camille", "vidal"]) await world.person(key).page.getByRole("list", { name: "Vos dossiers" }).getByRole("link", { name: "Karim Belkacem" }).waitFor();
    await look(world.person("camille"), "home");
  });

  it("Camille opens Odette’s case: identity, her words, the leaflet, who is around her and what she says of each", async () => {
    const camille = world.person("camille");
    const { page } = camille;
    await camille.button("Ouvrir un dossier").first().click();

    await camille.field(/^Prénoms/).fill("Odette");
    await camille.field(/^Nom de naissance/).fill("Marchal");
    await page.getByRole("group", { name: /^Date de naissance/ }).getByRole("spinbutton").first().click();
    await page.keyboard.type("17051938");
    await camille.field(/^Identité nationale de santé/).fill(INS.wrong);
    await page.getByText("La clé ne correspond pas aux 13 premiers caractères").waitFor();
    await look(camille, "case-new");
    await camille.field(/^Identité nationale de santé/).fill(INS.right);
    await page.getByText("La clé correspond.").waitFor();
    await choose(camille, /Son compte dans Ensemble/, PERSON);
    await camille.button("Continuer").click();

    await camille.field(/^Avec ses propres mots/).fill(LIFE_PROJECT);
    await look(camille, "case-new-words");
    await camille.button("Continuer").click();

    await camille.button("Continuer").click();
    await page.getByRole("alert").filter({ hasText: "Sans cette information, aucun accord ne vaut." }).waitFor();
    await page.getByText("Le document d’information a été remis et expliqué").click();
    await camille.button("Continuer").click();

    for (const name of ["Yann Le Goff", "Paul Lenoir", "Hélène Marchal", "Mireille Pons", "Aminata Traoré", "Dr Antoine Vidal"]) {
      await page.getByRole("group", { name: "Dans l’annuaire du réseau" }).getByText(name, { exact: true }).click();
      await page.getByRole("list", { name: "Qui l’entoure" }).getByText(name, { exact: true }).waitFor();
    }
    await camille.button("Ajouter quelqu’un sans compte").click();
    const other = camille.dialog("Ajouter quelqu’un sans compte");
    await other.getByRole("textbox", { name: /^Nom et prénom/ }).fill("Philippe Marchal");
    await choose(camille, /Rôle auprès de la personne/, "Fils", other);
    await other.getByRole("button", { name: "Ajouter", exact: true }).click();
    await look(camille, "case-new-circle");
    await camille.button("Continuer").click();

    await page.getByRole("radiogroup", { name: /^Hélène Marchal/ }).getByText("D’accord").click();
    await page.getByRole("radiogroup", { name: /^Philippe Marchal/ }).getByText("Refuse").click();
    await look(camille, "case-new-consents");
    await camille.button("Continuer").click();

    await page.getByText("Entreront : ").waitFor();
    await look(camille, "case-new-review");
    await camille.button("Créer le dossier").click();
    await camille.title.filter({ hasText: PERSON }).waitFor();
    await page.getByText(LIFE_PROJECT).waitFor();
    await page.getByRole("list", { name: "Cercle de soins" }).getByRole("listitem").filter({ hasText: "Philippe Marchal" }).getByText("Refusé par la personne").waitFor();
    await look(camille, "case");
  });

  it("Camille opens a second conversation, with the family", async () => {
    const camille = world.person("camille");
    const { page } = camille;
    await camille.button("Nouvelle conversation").click();
    const dialog = camille.dialog("Nouvelle conversation");
    await dialog.getByRole("textbox", { name: /^Sujet/ }).fill(FAMILY);
    await dialog.getByText("Avec la personne et ses proches").click();
    await dialog.getByText("Vous, Dr Antoine Vidal, Hélène Marchal et Odette Marchal").waitFor();
    await dialog.getByRole("button", { name: "Ouvrir la conversation" }).click();
    await camille.title.filter({ hasText: FAMILY }).waitFor();
    await say(camille, "Bonjour Hélène, ici on se parle avec votre mère et le docteur Vidal.");
    await said(camille, "Bonjour Hélène").waitFor();
    await page.getByText("Envoyé").waitFor();
  });

  it("The team talks: what is written is read by the others, and who has read is seen", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await Promise.all([openRoom(camille, TEAM), openRoom(vidal, TEAM)]);
    await vidal.field("Votre message").pressSequentially("Odette est tombée deux fois en dix jours.", { delay: 5 });
    await camille.page.getByText("Dr Antoine Vidal écrit…").waitFor();
    await vidal.button("Envoyer à l’équipe (6)").click();
    await said(camille, "Odette est tombée deux fois en dix jours.").waitFor();
    await said(vidal, "Odette est tombée").getByRole("button", { name: /^Lu par/ }).waitFor();
  });

  it("A reply, an edit and a retraction each leave their trace in the other’s page", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await act(camille, "Odette est tombée", "Répondre");
    await camille.page.getByText("Réponse à Dr Antoine Vidal").waitFor();
    await say(camille, "Je passe la voir à dix heurs.");
    const reply = said(vidal, "Je passe la voir à dix heurs.");
    await reply.getByRole("button", { name: /Odette est tombée deux fois/ }).waitFor();

    await act(camille, "Je passe la voir", "Modifier");
    await camille.page.getByText("L’ancien texte restera visible.").waitFor();
    await camille.field("Votre message").fill("Je passe la voir à dix heures.");
    await camille.button("Enregistrer").click();
    await said(vidal, "Je passe la voir à dix heures.").getByText("modifié").waitFor();

    await say(vidal, "Message parti trop vite");
    await said(camille, "Message parti trop vite").waitFor();
    await act(vidal, "Message parti trop vite", "Retirer le message");
    await vidal.dialog("Retirer ce message ?").getByRole("button", { name: "Retirer le message" }).click();
    await said(camille, "Message retiré par Dr Antoine Vidal").waitFor();
    expect(await camille.page.getByText("Message parti trop vite").count()).toBe(0);
  });

  it("A mention waits for whom it names, and a draft waits for who began it", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await vidal.go("Accueil");
    await camille.field("Votre message").pressSequentially("@Vid");
    await camille.page.getByRole("option", { name: /Antoine Vidal/ }).click();
    await camille.field("Votre message").pressSequentially("pouvez-vous apporter l’ordonnance ?");
    await camille.button(/^Envoyer/).click();
    await vidal.link(/^On vous a mentionné/).click();
    await said(vidal, "pouvez-vous apporter l’ordonnance ?").waitFor();

    await vidal.field("Votre message").fill("Oui, et j’ai aussi");
    await vidal.go("Accueil");
    await vidal.page.reload();
    await openRoom(vidal, TEAM);
    await expect.poll(() => vidal.field("Votre message").inputValue(), { timeout: PATIENCE }).toBe("Oui, et j’ai aussi");
    await vidal.field("Votre message").fill("Oui, et j’ai aussi le dernier bilan.");
    await vidal.button(/^Envoyer/).click();
    await said(camille, "j’ai aussi le dernier bilan").waitFor();
    await look(camille, "room");
  });

  it("The daughter reads the family’s conversation and not the team’s", async () => {
    const helene = await world.arrive("helene");
    await openCase(helene);
    expect(await helene.link(TEAM).count()).toBe(0);
    await openRoom(helene, FAMILY);
    await said(helene, "Bonjour Hélène, ici on se parle").waitFor();
    await helene.button("Envoyer, famille comprise (4)").waitFor();
    await say(helene, "Maman a peur qu’on la place.");
    const vidal = world.person("vidal");
    await openRoom(vidal, FAMILY);
    await said(vidal, "Maman a peur qu’on la place.").waitFor();
    await say(vidal, "Ce n’est pas le sujet, dites-le-lui de ma part.");
    await said(helene, "Ce n’est pas le sujet").waitFor();
    await look(helene, "room-family");
  });

  it("Two tabs of one browser show the same, and the second goes on when the first is closed", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    const first = vidal.page;
    const path = new URL(first.url()).pathname;
    const second = await vidal.open(path);
    await said(vidal, "Maman a peur").waitFor();
    await openRoom(camille, FAMILY);
    await say(camille, "Je l’appelle ce soir.");
    for (const tab of [first, second]) {
      await vidal.lookAt(tab);
      await said(vidal, "Je l’appelle ce soir.").waitFor();
    }
    await first.close();
    await say(vidal, "Merci Camille.");
    await said(camille, "Merci Camille.").waitFor();
    expect(await said(vidal, "Merci Camille.").count()).toBe(1);
  });

  it("Without a network one goes on writing; when it is back nothing is lost and nothing is there twice", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    vidal.line.cut();
    await vidal.page.getByText("Hors connexion.").waitFor();
    await say(vidal, "Écrit dans l’ascenseur.");
    await said(vidal, "Écrit dans l’ascenseur.").getByText("Envoi…").waitFor();
    await say(camille, "Écrit pendant ce temps.");
    await sent(camille, "Écrit pendant ce temps.");
    expect(await said(vidal, "Écrit pendant ce temps.").count()).toBe(0);
    await look(vidal, "room-offline");
    vidal.line.restore();
    await said(camille, "Écrit dans l’ascenseur.").waitFor();
    await said(vidal, "Écrit pendant ce temps.").waitFor();
    await sent(vidal, "Écrit dans l’ascenseur.");
    await bothHaveOnce(camille, vidal, ["Écrit dans l’ascenseur.", "Écrit pendant ce temps."]);
  });

  it("A message that arrived while its acknowledgement was lost is there once", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    vidal.line.deafen();
    await say(vidal, "Entendu, mais sans réponse.");
    await said(camille, "Entendu, mais sans réponse.").waitFor();
    await said(vidal, "Entendu, mais sans réponse.").getByText("Envoi…").waitFor();
    vidal.line.cut();
    vidal.line.restore();
    await sent(vidal, "Entendu, mais sans réponse.");
    await say(camille, "Bien reçu.");
    await said(vidal, "Bien reçu.").waitFor();
    await bothHaveOnce(camille, vidal, ["Entendu, mais sans réponse.", "Bien reçu."]);
  });

  it("A laptop closed before anything was sent sends it when it is opened again", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    const path = new URL(vidal.page.url()).pathname;
    vidal.line.cut();
    await say(vidal, "Écrit avant de fermer.");
    await said(vidal, "Écrit avant de fermer.").getByText("Envoi…").waitFor();
    await vidal.page.close();
    vidal.line.restore();
    await vidal.open(path);
    await said(camille, "Écrit avant de fermer.").waitFor();
    await sent(vidal, "Écrit avant de fermer.");
    await bothHaveOnce(camille, vidal, ["Écrit avant de fermer.", "Écrit dans l’ascenseur.", "Merci Camille."]);
  });

  it("Odette withdraws somebody’s consent: the others see why, and he receives nothing more", async () => {
    const [camille, legoff, odette] = [world.person("camille"), await world.arrive("legoff"), await world.arrive("odette")];
    await Promise.all([openRoom(camille, TEAM), openRoom(legoff, TEAM)]);
    await said(legoff, "Odette est tombée deux fois").first().waitFor();

    await openCase(odette);
    await look(odette, "case-person");
    await odette.link("Registre des accords").first().click();
    await odette.title.filter({ hasText: "Les accords" }).waitFor();
    await look(odette, "consents");
    await odette.page.getByRole("listitem").filter({ hasText: "Yann Le Goff" }).getByRole("button", { name: "Retirer l’accord" }).click();
    const dialog = odette.dialog("Retirer l’accord pour Yann Le Goff ?");
    await dialog.getByRole("textbox", { name: /^Raison/ }).fill("Je préfère en parler avec les miens.");
    await look(odette, "consents-withdraw");
    await dialog.getByRole("button", { name: "Retirer l’accord" }).click();
    await odette.page.getByText("L’accord est retiré. Yann Le Goff ne reçoit plus rien.").waitFor();

    const told = camille.page.getByRole("list", { name: "Messages" }).getByText("Yann Le Goff ne participe plus : accord retiré par Odette Marchal");
    await told.filter({ hasText: "« Je préfère en parler avec les miens. »" }).waitFor();
    await legoff.page.getByText("Vous ne participez plus à cette conversation").waitFor();
    await look(legoff, "room-ended");

    await camille.button("Envoyer à l’équipe (5)").waitFor();
    await say(camille, "Yann ne lit plus ceci.");
    await sent(camille, "Yann ne lit plus ceci.");
    await legoff.page.reload();
    await legoff.page.getByText("Vous ne participez plus à cette conversation").waitFor();
    expect(await legoff.page.getByText("Yann ne lit plus ceci.").count()).toBe(0);
    await look(camille, "room-withdrawn");
    await world.leave("legoff");
  });
}

/** One of the acts of a message's menu. */
async function act(person: Person, text: string, name: string): Promise<void> {
  await said(person, text).last().getByRole("button", { name: /^Actions sur le message/ }).click();
  await person.page.getByRole("menuitem", { name }).click();
}

/** The same messages, each once, in the same order. */
async function bothHaveOnce(one: Person, other: Person, texts: readonly string[]): Promise<void> {
  const [here, there] = await Promise.all([one, other].map((person) => person.page.getByRole("list", { name: "Messages" }).getByRole("article").allInnerTexts()));
  for (const text of texts) expect([here, there].map((all) => all?.filter((bubble) => bubble.includes(text)).length)).toEqual([1, 1]);
  const order = (all: readonly string[] = []): string[] => all.flatMap((bubble) => texts.filter((text) => bubble.includes(text)));
  expect(order(here)).toEqual(order(there));
}

/** One of a list of choices, by what it is called. */
export async function choose(person: Person, field: RegExp, choice: string, within: Locator = person.page.locator("body")): Promise<void> {
  await within.getByRole("button", { name: field }).click();
  const choices = person.page.getByRole("listbox", { name: field });
  await choices.getByRole("option", { name: choice }).click();
  await choices.waitFor({ state: "detached" });
}
