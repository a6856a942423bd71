/** Words of the interface in a language that the reader has not chosen. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

type Messages = Readonly<Record<string, unknown>>;
const messages = (locale: string): Messages => JSON.parse(readFileSync(new URL(`../../messages/${locale}.json`, import.meta.url), "utf8")) as Messages;

const [french, english] = [messages("fr"), messages("en")];

/** What the interface says in one language and never in the other, without its inputs. */
function only(one: Messages, other: Messages): string[] {
  const shared = new Set(Object.values(other));
  return Object.values(one).filter((text): text is string => typeof text === "string" && text.length > 3 && !text.includes("{") && !shared.has(text));
}
const FOREIGN = { fr: only(english, french), en: only(french, english) };

/** Whole texts on a page that belong to the other language. */
export async function foreignWords(page: Page): Promise<string[]> {
  const { lang, texts } = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    while (walker.nextNode() !== null) {
      const parent = walker.currentNode.parentElement;
      if (parent?.closest("[lang], script, style, textarea") === document.documentElement) found.push(walker.currentNode.nodeValue ?? "");
    }
    for (const element of document.querySelectorAll("[aria-label]")) found.push(element.getAttribute("aria-label") ?? "");
    return { lang: document.documentElement.lang, texts: found };
  });
  const foreign = new Set(FOREIGN[lang.startsWith("en") ? "en" : "fr"]);
  return [...new Set(texts.map((text) => text.trim()).filter((text) => foreign.has(text)))];
}
