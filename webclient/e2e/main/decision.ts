/** Part 4: decide, sign, act. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { choose, openCase } from "./conversation";
import { type } from "./dossier";
import { openMeeting } from "./meeting";
import { binary } from "./network";
import { look } from "./pictures";
import type { Person } from "./person";
import { DECISION, PERSON } from "./story";
import type { World } from "./world";

const ALARM = "Installer la téléalarme";
const BALANCE = "Déposer le dossier APA";

export function decision(world: World): void {
  it("The minutes get their decision and their actions, and are proposed", async () => {
    const camille = world.person("camille");
    const { page } = camille;
    await openMinutes(camille);
    await camille.button("Ajouter une décision").click();
    await camille.field("Décision 1").fill(DECISION);
    await addAction(camille, 1, ALARM, "Hélène Marchal", "Être secourue vite");
    await addAction(camille, 2, BALANCE, "Aminata Traoré", "Une aide deux fois par semaine");
    await page.getByText("Tout est gardé").waitFor();
    await look(camille, "minutes-draft");
    await camille.button("Proposer à la signature").click();
    await camille.dialog("Proposer ce compte-rendu à la signature ?").getByRole("button", { name: "Proposer à la signature" }).click();
    await page.getByText("Votre signature est attendue").waitFor();
    await page.getByRole("article", { name: "Compte-rendu" }).getByText(DECISION).waitFor();
    await look(camille, "minutes-proposed", camille.title);
  });

  it("Each required signer signs with their own key, and with the last the minutes are sealed", async () => {
    for (const key of ["vidal", "odette", "traore"] as const) {
      const person = world.person(key);
      await person.page.goto(person.address);
      await person.link(person.says(/^Relire et signer le compte-rendu/, /^Read and sign the minutes/)).click();
      await person.page.getByText(person.says("Votre signature est attendue", "Your signature is awaited")).waitFor();
      if (key === "odette") await look(person, "minutes-to-sign");
      await sign(person);
    }
    const camille = world.person("camille");
    await sign(camille);
    await camille.page.getByText("Scellé, signé par 4 personnes").waitFor();
    await world.person("odette").page.getByText("Scellé, signé par 4 personnes").waitFor();
    await look(camille, "minutes-sealed", camille.title);
  });

  it("The exported file says offline who signed, who was there and did not, and that a changed letter is a changed document", async () => {
    const camille = world.person("camille");
    const download = camille.page.waitForEvent("download");
    await camille.button("Exporter le fichier signé").click();
    const path = await (await download).path();
    const report = verify(path);
    expect(report.text).toContain("Genuine: nothing was changed");
    expect(report.whole).toBe(true);
    for (const name of ["Camille Renaud", "Odette Marchal", "Aminata Traoré", "Dr Antoine Vidal", "Hélène Marchal"]) expect(report.text).toContain(name);
    const changed = `${path}.changed`;
    writeFileSync(changed, readFileSync(path, "utf8").replace("Installer", "Installez"));
    const other = verify(changed);
    expect(other.text).toContain("the minutes are not those of the digest (changed)");
    expect(other.whole).toBe(false);
  });

  it("Sealed minutes are corrected beside themselves, by an addendum", async () => {
    const [camille, odette] = [world.person("camille"), world.person("odette")];
    await camille.button("Ajouter une correction").click();
    await camille.field(/^Votre correction/).fill("Les deux chutes datent du 8 et du 15, et non du 9.");
    await camille.button("Signer et ajouter").click();
    await odette.page.getByRole("article", { name: "Compte-rendu" }).getByText("Les deux chutes datent du 8 et du 15").waitFor();
    await odette.page.getByText("Scellé, signé par 4 personnes").waitFor();
    await look(camille, "minutes-addendum", camille.page.getByRole("heading", { name: "Additifs" }));
  });

  it("The actions are in Odette’s plan, once each, and say where they were decided", async () => {
    const camille = world.person("camille");
    await camille.link("Voir les actions dans le plan").click();
    const actions = camille.page.getByRole("list", { name: "Actions, la plus urgente d’abord" });
    for (const text of [ALARM, BALANCE]) await actions.getByRole("heading", { name: text }).waitFor();
    expect(await actions.getByRole("heading", { level: 2 }).count()).toBe(2);
    expect(await actions.getByRole("link", { name: /^Décidée en RCP du .*, point 1, signée par 4 personnes$/ }).count()).toBe(2);
    await look(camille, "plan");
  });

  it("Nobody is given an action silently: performer and person accept, and the performer says why it is not done", async () => {
    const [odette, helene] = [world.person("odette"), world.person("helene")];
    await openPlan(helene);
    await action(helene, ALARM).getByRole("button", { name: "Je m’en charge" }).click();
    await openPlan(odette);
    await action(odette, ALARM).getByRole("button", { name: "Je suis d’accord" }).click();
    await look(odette, "plan-person");
    await action(helene, ALARM).getByRole("button", { name: "Commencer" }).click();
    await action(odette, ALARM).getByText("En cours").first().waitFor();
    await action(helene, ALARM).getByRole("button", { name: "Ce ne sera pas fait" }).click();
    const dialog = helene.dialog("Pourquoi ce ne sera pas fait");
    await dialog.getByRole("button", { name: "Enregistrer" }).click();
    await dialog.getByText("Choisissez une raison.").waitFor();
    await dialog.getByText("La personne ne le souhaite pas").click();
    await dialog.getByRole("textbox").fill("Maman n’en veut pas.");
    await look(helene, "plan-not-done");
    await dialog.getByRole("button", { name: "Enregistrer" }).click();
    await show(odette, "Terminées");
    await action(odette, ALARM).getByText("La personne ne le souhaite pas · Maman n’en veut pas.").waitFor();
  });

  it("Mme Traoré takes hers up, starts and finishes it, in English; and each finds theirs by the filters", async () => {
    const [camille, odette, traore] = [world.person("camille"), world.person("odette"), world.person("traore")];
    await openPlan(traore);
    await action(traore, BALANCE).getByRole("button", { name: "I will do it" }).click();
    await show(odette, "À faire");
    await action(odette, BALANCE).getByRole("button", { name: "Je suis d’accord" }).click();
    await action(traore, BALANCE).getByRole("button", { name: "Start" }).click();
    await action(traore, BALANCE).getByText("In progress").first().waitFor();
    await look(traore, "plan-en");
    await show(traore, "For me");
    expect(await actionsOf(traore)).toEqual([BALANCE]);
    await action(traore, BALANCE).getByRole("button", { name: "It is done" }).click();
    await show(camille, "Terminées");
    await action(camille, BALANCE).getByText("Faite", { exact: true }).waitFor();
    expect((await actionsOf(camille)).toSorted()).toEqual([ALARM, BALANCE].toSorted());
    await show(camille, "À faire");
    await camille.page.getByText("Tout est fait").waitFor();
    await show(camille, "Toutes");
    await choose(camille, /Qui s’en charge/u, "Hélène Marchal");
    expect(await actionsOf(camille)).toEqual([ALARM]);
    await look(camille, "plan-filtered");
  });
}

async function openMinutes(person: Person): Promise<void> {
  await openMeeting(person);
  await person.link("Compte-rendu").first().click();
  await person.page.getByRole("heading", { name: "Décisions" }).waitFor();
}

async function openPlan(person: Person): Promise<void> {
  await openCase(person);
  const plan = person.says("Plan personnalisé de santé", "Personal health plan");
  await person.link(new RegExp(`^${plan}`, "u")).click();
  await person.title.filter({ hasText: plan }).waitFor();
  await person.page.getByRole("link", { name: PERSON }).first().waitFor();
}

/** What the plan lists now, by what is to be done. */
const actionsOf = (person: Person): Promise<string[]> =>
  person.page.getByRole("list", { name: person.says("Actions, la plus urgente d’abord", "Actions, the most urgent first") }).getByRole("heading", { level: 2 }).allInnerTexts();

/** One of the filters; its name is followed by how many there are. */
const show = (person: Person, filter: string): Promise<void> => person.page.getByRole("radio", { name: new RegExp(`^${filter}`, "u") }).click();

const action = (person: Person, text: string) => person.page.getByRole("listitem").filter({ has: person.page.getByRole("heading", { name: text }) });

async function addAction(person: Person, n: number, text: string, performer: string, goal: string): Promise<void> {
  await person.button("Ajouter une action").click();
  const entry = person.page.getByRole("listitem").filter({ has: person.field(`Action ${String(n)}`) });
  await person.field(`Action ${String(n)}`).fill(text);
  await choose(person, /Qui s’en charge/, performer, entry);
  const due = new Date(Date.now() + 7 * 24 * 3_600_000);
  await type(entry.getByRole("group", { name: /^Pour quand/ }), [due.getUTCDate(), due.getUTCMonth() + 1].map((one) => String(one).padStart(2, "0")).join("") + String(due.getUTCFullYear()));
  await entry.getByRole("textbox", { name: "Dans quel but" }).fill(goal);
}

async function sign(person: Person): Promise<void> {
  const name = person.says("Signer", "Sign");
  await person.button(name).click();
  await person.dialog(person.says("Signer le compte-rendu", "Sign the minutes")).getByRole("button", { name, exact: true }).click();
  await person.page.getByText(person.says("Votre signature est attendue", "Your signature is awaited")).waitFor({ state: "detached" });
}

/** What `ensemble verify` says of a file, and whether it found it whole. */
function verify(path: string): { whole: boolean; text: string } {
  try {
    return { whole: true, text: execFileSync(binary(), ["verify", path], { encoding: "utf8" }) };
  } catch (thrown) {
    return { whole: false, text: String((thrown as { stdout?: unknown }).stdout) };
  }
}
