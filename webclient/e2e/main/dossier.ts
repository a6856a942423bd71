/** Part 2: documents, and the meeting that is planned. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import { readFileSync } from "node:fs";
import type { JSHandle, Locator } from "playwright-core";
import { expect, it } from "vitest";
import { choose, FAMILY, openCase, openRoom, said, TEAM } from "./conversation";
import { look, lookAt } from "./pictures";
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
    const saved = camille.page.waitForEvent("download");
    await camille.button("Télécharger").click();
    expect(readFileSync(await (await saved).path()).equals(prescription())).toBe(true);
    await camille.page.keyboard.press("Escape");
    await vidal.page.getByRole("list", { name: "Documents" }).getByText("Ouvert par 1 personne").waitFor();
    await look(vidal, "documents");
    await vidal.page.getByRole("list", { name: "Documents" }).getByRole("button", { name: DOCUMENT }).click();
    const shown = vidal.page.getByRole("dialog", { name: DOCUMENT });
    await shown.getByRole("button", { name: "Ouvert par 1 personne" }).click();
    await shown.getByRole("listitem").filter({ hasText: "Camille Renaud" }).waitFor();
    await vidal.page.keyboard.press("Escape");
  });

  it("A picture dropped on the page for the family is seen by the daughter, who sees nothing of the team’s", async () => {
    const [camille, helene] = [world.person("camille"), world.person("helene")];
    await openDocuments(camille);
    const transfer = await photo(camille, "escalier.png");
    await camille.page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
    await camille.page.getByText("Déposez pour partager").waitFor();
    await camille.page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await camille.dialog("Partager un document").getByRole("radio", { name: FAMILY }).check({ force: true });
    await camille.button(/^Envoyer, famille comprise/).click();

    await openDocuments(helene);
    await helene.button(/^escalier\.png/).click();
    const image = helene.dialog("escalier.png").getByRole("img");
    await expect.poll(() => image.evaluate((shown) => (shown as HTMLImageElement).naturalWidth), { timeout: PATIENCE }).toBe(PHOTO.width);
    await look(helene, "document-image");
    await helene.page.keyboard.press("Escape");
    expect(await helene.page.getByText(DOCUMENT).count()).toBe(0);
  });

  it("A picture pasted into the conversation is a document there", async () => {
    const [camille, vidal] = [world.person("camille"), world.person("vidal")];
    await Promise.all([openRoom(camille, TEAM), openRoom(vidal, TEAM)]);
    const transfer = await photo(vidal, "pilulier.png");
    await vidal.field("Votre message").evaluate((field, clipboardData) => field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })), transfer);
    await vidal.dialog("Partager un document").getByRole("button", { name: /^Envoyer à l’équipe/ }).click();
    await said(camille, "pilulier.png").waitFor();
    await look(camille, "room");
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
    await choose(camille, /Rôle dans la réunion\s: Dr Antoine Vidal/, "Pose la question");
    await choose(camille, /Rôle dans la réunion\s: Aminata Traoré/, "Tient le compte-rendu");
    const points = (name: string): Locator => page.getByRole("group", { name: `Points auxquels ${name} est invité(e)` });
    for (const n of [1, 3]) await points("Hélène Marchal").getByRole("button", { name: `Point ${String(n)}` }).click();
    await points("Paul Lenoir").getByRole("button", { name: "Point 3" }).click();
    await page.getByText(/^L’accord manque pour Paul Lenoir\./).waitFor();
    await camille.page.evaluate(() => scrollTo(0, 0));
    await look(camille, "session-new");
    await look(camille, "session-new-items", item(1));
    await look(camille, "session-new-people", page.getByRole("heading", { name: "Qui y sera, et pour quels points" }));
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
    await sheet.getByText(QUESTIONS[2]).click();
    await look(camille, "consents-give");
    await sheet.getByRole("button", { name: "Enregistrer l’accord" }).click();
    await camille.page.getByText("Paul Lenoir peut entrer").waitFor();
    await look(camille, "consents-register", camille.page.getByRole("listitem").filter({ has: camille.page.getByRole("heading", { name: "Paul Lenoir" }) }));
  });

  it("Each answers the invitation and sees what they are invited to, and nothing else", async () => {
    const [camille, helene, vidal] = [world.person("camille"), world.person("helene"), world.person("vidal")];
    await invitation(vidal);
    await vidal.button("Je viens").click();
    await vidal.page.getByRole("heading", { name: "Votre réponse" }).waitFor();

    const traore = await world.arrive("traore", { locale: "en-GB" });
    await traore.link(/^Answer the invitation/u).waitFor();
    await traore.page.getByRole("list", { name: "Your cases" }).getByText("Odette Marchal").waitFor();
    await look(traore, "home-en");
    await invitation(traore);
    await traore.button("I am coming").click();
    await traore.page.getByRole("heading", { name: "Your answer" }).waitFor();
    await look(traore, "session-en");

    const pons = await world.arrive("pons");
    await invitation(pons);
    await pons.button("Je ne peux pas").click();
    await pons.page.getByRole("heading", { name: "Votre réponse" }).waitFor();

    await invitation(helene);
    await helene.page.getByRole("heading", { name: QUESTIONS[0] }).waitFor();
    await helene.page.getByRole("heading", { name: QUESTIONS[2] }).waitFor();
    await helene.page.getByText("Ce point se tient sans vous").waitFor();
    expect(await helene.page.getByText(QUESTIONS[1]).count()).toBe(0);
    await helene.button("Je donne mon avis avant").click();
    await helene.button("Donner un avis par écrit").first().click();
    await helene.page.getByRole("textbox", { name: "Votre avis sur ce point" }).first().fill("Maman sera plus tranquille avec une téléalarme.");
    await helene.button(/^Envoyer au point/).first().click();

    await camille.go("Agenda");
    await look(camille, "agenda");
    await camille.link(MEETING).click();
    await camille.page.getByText("Maman sera plus tranquille avec une téléalarme.").waitFor();
    const answers = camille.page.getByRole("list", { name: "Qui est invité" }).getByRole("listitem");
    for (const [name, answer] of [
      ["Dr Antoine Vidal", "Vient"],
      ["Aminata Traoré", "Vient"],
      ["Mireille Pons", "Ne peut pas venir"],
      ["Hélène Marchal", "Avis donné par écrit"],
    ] as const)
      await answers.filter({ hasText: name }).getByText(answer, { exact: true }).waitFor();
    await look(camille, "session");
    await look(helene, "session-invited");
    await world.leave("pons");
  });

  it("The invitations that were mailed carry a calendar file, and name nobody", async () => {
    const camille = world.person("camille");
    const { page } = camille;
    const outbox = await camille.open("/demo/outbox");
    await outbox.getByText("Fichier d’agenda joint").first().click();
    await lookAt(outbox, "outbox");
    const mails = await outbox.locator("body").evaluate((body) => body.textContent);
    expect(mails).toMatch(/BEGIN:VCALENDAR[^]*BEGIN:VEVENT[^]*DTSTART;TZID=Europe\/Paris:\d{8}T\d{6}[^]*END:VCALENDAR/u);
    const folded = mails.replaceAll(/\r?\n /gu, "");
    for (const secret of ["Odette", "Marchal", "Hélène", "Vidal", "Traoré", "Lenoir", "Camille", MEETING, ...QUESTIONS]) for (const text of [mails, folded]) expect(text).not.toContain(secret);
    await outbox.close();
    await camille.lookAt(page);
  });
}

/** From home, as what waits there. */
async function invitation(person: Person): Promise<void> {
  await person.go("Accueil");
  await person.link(person.says(/^Répondre à l’invitation/u, /^Answer the invitation/u)).click();
  await person.title.filter({ hasText: MEETING }).waitFor();
}

const PHOTO = { width: 1200, height: 900 };

/** A picture of stairs, as it is dragged or pasted into somebody's page. */
function photo(person: Person, name: string): Promise<JSHandle<DataTransfer>> {
  return person.page.evaluateHandle(
    async ([called, { width, height }]) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      if (context === null) throw new Error("no canvas");
      context.fillStyle = "#e9e1d3";
      context.fillRect(0, 0, width, height);
      const steps = 9;
      for (let n = 0; n < steps; n += 1) {
        const [x, y, run, rise] = [(n * width) / steps, height - ((n + 1) * height) / (steps + 2), width / steps, height / (steps + 2)];
        context.fillStyle = "#8d6b4a";
        context.fillRect(x, y, run + 1, height - y);
        context.fillStyle = "#c49a6c";
        context.fillRect(x - 6, y, run + 7, rise / 4);
      }
      const carried = new DataTransfer();
      carried.items.add(new File([await canvas.convertToBlob({ type: "image/png" })], called, { type: "image/png" }));
      return carried;
    },
    [name, PHOTO] as const,
  );
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
