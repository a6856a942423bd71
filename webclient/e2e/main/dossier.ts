/** Part 2: documents, and the meeting that is planned. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { expect, it } from "vitest";
import { choose, FAMILY, openCase, openRoom, said, TEAM } from "./conversation";
import { folder, look } from "./pictures";
import { PATIENCE, type Person } from "./person";
import { DOCUMENT, MEETING, prescription, QUESTIONS, WISH } from "./story";
import type { World } from "./world";

export function dossier(world: World): void {
  it("Dr Vidal shares a document of 9 MB: it waits when he pauses it and when the network is gone, and arrives whole", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await openRoom(camille, TEAM);
    await openDocuments(vidal);
    const chosen = vidal.page.waitForEvent("filechooser");
    await vidal.button("Ajouter un document").click();
    await (await chosen).setFiles({ name: DOCUMENT, mimeType: "application/pdf", buffer: prescription() });
    await vidal.dialog("Partager un document").getByRole("radio", { name: TEAM }).check({ force: true });
    await vidal.dialog("Partager un document").getByRole("textbox", { name: /^En quelques mots/ }).fill("L’ordonnance du mois");
    await look(vidal, "documents-share");
    vidal.line.hold();
    await vidal.button(/^Envoyer à l’équipe/).click();
    const uploads = vidal.page.getByRole("list", { name: "Envois en cours" });
    await uploads.getByText(/[1-9]\d?\s%/u).waitFor();
    await vidal.button(`Mettre en pause ${DOCUMENT}`).click();
    await uploads.getByText("En pause. Rien n’est perdu.").waitFor();
    await look(vidal, "documents-upload");
    vidal.line.cut();
    await vidal.button(`Reprendre ${DOCUMENT}`).click();
    await uploads.getByText("Le réseau a disparu. L’envoi reprendra tout seul.").waitFor();
    expect(await said(camille, DOCUMENT).count()).toBe(0);
    vidal.line.restore();
    await uploads.getByText(`${DOCUMENT} est partagé : ${TEAM}`).waitFor();

    await said(camille, DOCUMENT).getByRole("button", { name: DOCUMENT }).click();
    await drawn(camille.page.getByRole("dialog", { name: DOCUMENT }).locator("canvas").first());
    await look(camille, "document");
    await camille.page.keyboard.press("Escape");
    await vidal.page.getByRole("list", { name: "Documents" }).getByText("Ouvert par 1 personne").waitFor();
    await look(vidal, "documents");
  });

  it("A picture dropped on the page for the family is seen by the daughter, who sees nothing of the team’s", async () => {
    const [camille, helene] = [world.person("camille"), world.person("helene")];
    await openDocuments(camille);
    const picture = readFileSync(join(folder, "home-390.png")).toString("base64");
    const transfer = await camille.page.evaluateHandle((base64) => {
      const carried = new DataTransfer();
      carried.items.add(new File([Uint8Array.from(atob(base64), (c) => c.codePointAt(0) ?? 0)], "escalier.png", { type: "image/png" }));
      return carried;
    }, picture);
    await camille.page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
    await camille.page.getByText("Déposez pour partager").waitFor();
    await camille.page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await camille.dialog("Partager un document").getByRole("radio", { name: FAMILY }).check({ force: true });
    await camille.button(/^Envoyer, famille comprise/).click();

    await openDocuments(helene);
    await helene.button(/^escalier\.png/).click();
    const image = helene.dialog("escalier.png").getByRole("img");
    await expect.poll(() => image.evaluate((shown) => (shown as HTMLImageElement).naturalWidth), { timeout: PATIENCE }).toBe(390);
    await helene.page.keyboard.press("Escape");
    expect(await helene.page.getByText(DOCUMENT).count()).toBe(0);
  });

  it("Camille plans the meeting: three questions, who is invited to which, by which rule", async () => {
    const camille = world.person("camille");
    const { page } = camille;
    await openCase(camille);
    await camille.button("Préparer une réunion").click();
    await camille.title.filter({ hasText: "Préparer une réunion" }).waitFor();
    await camille.button(/^Envoyer les invitations/).click();
    await page.getByRole("alert").filter({ hasText: "Écrivez la question de chaque point." }).waitFor();

    await camille.field(/^Nom de la réunion/).fill(MEETING);
    const starts = inMinutes(8);
    await type(page.getByRole("group", { name: /^Date/ }), starts.date);
    await type(page.getByRole("group", { name: /^Heure/ }), starts.time);
    const item = (n: number): Locator => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: `Point ${String(n)}`, exact: true }) });
    for (const [i, question] of QUESTIONS.entries()) {
      if (i > 0) await camille.button("Ajouter un point").click();
      await item(i + 1).getByRole("textbox", { name: /^La question/ }).fill(question);
    }
    await item(1).getByRole("textbox", { name: /^Ce qu’il faut savoir/ }).fill("Deux chutes en dix jours, escalier sans rampe.");
    await item(1).getByRole("textbox", { name: /^Ce que souhaite/ }).fill(WISH);
    await choose(camille, /Qui pose la question/, "Dr Antoine Vidal", item(1));
    await choose(camille, /Rôle de Dr Antoine Vidal dans la réunion/, "Pose la question");
    await choose(camille, /Rôle de Aminata Traoré dans la réunion/, "Tient le compte-rendu");
    const points = (name: string): Locator => page.getByRole("group", { name: `Points auxquels ${name} est invité(e)` });
    for (const n of [1, 3]) await points("Hélène Marchal").getByRole("button", { name: `Point ${String(n)}` }).click();
    await points("Paul Lenoir").getByRole("button", { name: "Point 3" }).click();
    await page.getByText(/^L’accord manque pour Paul Lenoir\./).waitFor();
    await look(camille, "session-new");
    await camille.button("Envoyer les invitations (7)").click();
    await camille.title.filter({ hasText: MEETING }).waitFor();
    await camille.page.getByRole("heading", { name: QUESTIONS[2] }).waitFor();
  });

  it("Odette’s consent lets the volunteer in for the third question, and only for it", async () => {
    const camille = world.person("camille");
    await openCase(camille);
    await camille.link("Registre des accords").first().click();
    await camille.page.getByRole("listitem").filter({ has: camille.page.getByRole("heading", { name: "Paul Lenoir" }) }).getByRole("button", { name: "Donner un accès" }).click();
    const sheet = camille.dialog("Accès pour Paul Lenoir");
    await sheet.getByRole("checkbox", { name: QUESTIONS[2] }).check({ force: true });
    await look(camille, "consents-give");
    await sheet.getByRole("button", { name: "Enregistrer l’accord" }).click();
    await camille.page.getByText("Paul Lenoir peut entrer").waitFor();
    await look(camille, "consents-register");
  });

  it("Each answers the invitation and sees what they are invited to, and nothing else", async () => {
    const [camille, helene, vidal] = [world.person("camille"), world.person("helene"), world.person("vidal")];
    await vidal.go("Accueil");
    await vidal.link(`Répondre à l’invitation : ${MEETING}`).click();
    await vidal.button("Je viens").click();
    await vidal.page.getByRole("heading", { name: "Votre réponse" }).waitFor();

    await helene.go("Accueil");
    await helene.link(`Répondre à l’invitation : ${MEETING}`).click();
    await helene.page.getByRole("heading", { name: QUESTIONS[0] }).waitFor();
    await helene.page.getByRole("heading", { name: QUESTIONS[2] }).waitFor();
    await helene.page.getByText("Vous n’êtes pas invité à ce point").waitFor();
    expect(await helene.page.getByText(QUESTIONS[1] ?? "").count()).toBe(0);
    await helene.button("Je donne mon avis avant").click();
    await helene.button("Donner un avis par écrit").first().click();
    await helene.page.getByRole("textbox", { name: "Votre avis sur ce point" }).first().fill("Maman sera plus tranquille avec une téléalarme.");
    await helene.button(/^Envoyer au point/).first().click();

    await camille.go("Agenda");
    await look(camille, "agenda");
    await camille.link(MEETING).click();
    await camille.page.getByText("Maman sera plus tranquille avec une téléalarme.").waitFor();
    await camille.page.getByText("Vient", { exact: true }).first().waitFor();
    await look(camille, "session");
    await look(helene, "session-invited");
  });

  it("The invitations that were mailed name nobody", async () => {
    const { page } = world.person("camille");
    const mails = await page.evaluate(async () => (await fetch("/demo/outbox")).text());
    expect(mails).toContain("BEGIN:VCALENDAR");
    for (const secret of ["Odette", "Marchal", "Hélène", "Vidal", MEETING, ...QUESTIONS]) expect(mails).not.toContain(secret);
  });
}

async function openDocuments(person: Person): Promise<void> {
  await openCase(person);
  await person.page.getByRole("list", { name: "Plan et documents" }).getByRole("link", { name: /^Documents/ }).click();
  await person.title.filter({ hasText: "Documents" }).waitFor();
}

/** Types into the parts of a date or a time, from the first. */
export async function type(group: Locator, digits: string): Promise<void> {
  await group.getByRole("spinbutton").first().click();
  await group.page().keyboard.type(digits);
}

/** A day and a time of day in Paris, as they are typed. */
export function inMinutes(minutes: number): { date: string; time: string } {
  const part = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat("fr-FR", { timeZone: "Europe/Paris", ...options }).format(Date.now() + minutes * 60_000).replaceAll(/\D/gu, "");
  return { date: part({ day: "2-digit", month: "2-digit", year: "numeric" }), time: part({ hour: "2-digit", minute: "2-digit" }) };
}

/** Waits until something has been drawn on a canvas: not every point of it is the same. */
async function drawn(canvas: Locator): Promise<void> {
  await canvas.waitFor();
  await expect
    .poll(
      () =>
        canvas.evaluate((element) => {
          const { width, height } = element as HTMLCanvasElement;
          const bytes = (element as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
          return bytes.some((byte, i) => byte !== bytes[i % 4]);
        }),
      { timeout: PATIENCE },
    )
    .toBe(true);
}
