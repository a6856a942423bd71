/** Every place there is, read once more in the other language. */
/* oxlint-disable vitest/expect-expect -- what must appear is waited for, and its absence fails the test */
import { expect, it } from "vitest";
import { openCase } from "./conversation";
import { inspect, look } from "./pictures";
import { PATIENCE, type Person } from "./person";
import { PERSON } from "./story";
import type { World } from "./world";

export function places(world: World): void {
  it("Camille changes the language, and every place speaks it, to her and to no one else", async () => {
    const camille = world.person("camille");
    const { page } = camille;
    await camille.go("Dossiers");
    await look(camille, "cases");
    await camille.go("Réseau");
    await page.getByRole("list").getByText("Mireille Pons").waitFor();
    await look(camille, "network");
    await camille.go("Réglages");
    await page.getByText("Cet appareil").waitFor();
    await look(camille, "settings");

    await openCase(camille);
    const paths = await reachable(camille);
    await camille.go("Réglages");
    await page.getByText("English", { exact: true }).click();
    await camille.title.filter({ hasText: "Settings" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toMatch(/^en/u);
    for (const path of ["/", "/cases", "/agenda", "/network", "/settings", ...paths]) {
      await page.goto(camille.address + path);
      await camille.title.waitFor();
      await expect.poll(() => page.locator("[aria-busy=true], progress").count(), { timeout: PATIENCE }).toBe(0);
      await inspect(page, `${path} in English`);
    }
    expect(await world.person("odette").page.evaluate(() => document.documentElement.lang)).toMatch(/^fr/u);
  });
}

/** The pages that the case leads to, each once: its conversations, documents, consents, plan, meeting and minutes. */
async function reachable(person: Person): Promise<string[]> {
  const { page } = person;
  const here = new URL(page.url()).pathname;
  const links = async (): Promise<string[]> =>
    page
      .locator("main")
      .getByRole("link")
      .evaluateAll((all) => all.map((link) => new URL((link as HTMLAnchorElement).href).pathname));
  const found = new Set([here, ...(await links())]);
  const meeting = [...found].find((path) => path.startsWith("/session/"));
  if (meeting === undefined) throw new Error(`no meeting on the page of ${PERSON}`);
  await page.goto(person.address + meeting);
  await person.title.waitFor();
  await page.getByRole("list").first().waitFor();
  for (const path of await links()) found.add(path);
  await page.goto(person.address + here);
  await person.title.waitFor();
  return [...found];
}
