// Checks the messages: French and English have the same keys, variables and
// plural variants; every plural has a catch-all; every key that the code uses
// exists and every key is used. Keys are never put together at run time: a
// table of message functions does that where it is needed.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const read = (locale) => JSON.parse(readFileSync(join(root, `messages/${locale}.json`), "utf8"));
const [fr, en] = [read("fr"), read("en")];
const problems = [];

function texts(message) {
  if (typeof message === "string") return [message];
  return message.flatMap((variant) => Object.values(variant.match));
}
function variables(message) {
  const names = new Set(texts(message).flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1])));
  if (typeof message !== "string")
    for (const v of message) for (const d of v.declarations) if (d.startsWith("input ")) names.add(d.slice(6));
  return [...names].toSorted((a, b) => a.localeCompare(b)).join(" ");
}

for (const [a, b, name] of [[fr, en, "en"], [en, fr, "fr"]]) {
  for (const key of Object.keys(a)) if (!(key in b)) problems.push(`${name}.json lacks ${key}`);
}
for (const key of Object.keys(fr)) {
  if (!/^[a-z][a-z0-9_]*$/.test(key) && key !== "$schema") problems.push(`${key}: keys are lower_case`);
  if (!(key in en)) continue;
  if (variables(fr[key]) !== variables(en[key])) problems.push(`${key}: fr has {${variables(fr[key])}}, en {${variables(en[key])}}`);
  for (const message of [fr[key], en[key]]) {
    if (texts(message).some((text) => text.trim() === "")) problems.push(`${key}: empty text`);
    if (typeof message !== "string" && message.some((v) => !Object.keys(v.match).some((m) => m.split(",").every((part) => part.trim().endsWith("=*")))))
      problems.push(`${key}: no catch-all variant (=*)`);
  }
}
// French typography: a no-break space before : ; ? ! and inside « ».
for (const [key, message] of Object.entries(fr)) {
  for (const text of texts(message)) if (/[^\u00A0\u202F\s][?!;:](?:\s|$)|\s(?<![\u00A0\u202F])[?!;:»]|«(?![\u00A0\u202F])/.test(text)) problems.push(`${key}: no-break space missing in “${text}”`);
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "paraglide" ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}
const used = new Set();
for (const file of sources(join(root, "src"))) {
  const text = readFileSync(file, "utf8");
  if (!text.includes("paraglide/messages.js")) continue;
  for (const [, key] of text.matchAll(/\bm\.([a-z][a-z0-9_]*)\b/g)) {
    used.add(key);
    if (!(key in fr)) problems.push(`${file.slice(root.length)}: m.${key} does not exist`);
  }
}
for (const key of Object.keys(fr)) if (key !== "$schema" && !used.has(key)) problems.push(`${key} is not used`);

if (problems.length > 0) {
  for (const problem of problems) console.error(`messages: ${problem}`);
  process.exit(1);
}
console.log(`messages: ${Object.keys(fr).length} keys in both languages`);
