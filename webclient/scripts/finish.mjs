// Finishes dist: refuses what the content security policy would refuse, checks
// the size budget, and puts a brotli file beside everything that shrinks.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotli } from "./brotli.mjs";

/** Brotli bytes of JavaScript before the first screen shows. */
const FIRST_SCREEN = 170 * 1024;
/** Brotli bytes of the core. */
const CORE = 2_000_000;

const dist = new URL("../dist/", import.meta.url).pathname;
const cache = new URL("../node_modules/.cache/brotli/", import.meta.url).pathname;
mkdirSync(cache, { recursive: true });

/** Brotli, remembered by content. */
function pack(bytes) {
  const kept = join(cache, createHash("sha256").update(bytes).digest("hex"));
  if (existsSync(kept)) return readFileSync(kept);
  const packed = brotli(bytes);
  writeFileSync(kept, packed);
  return packed;
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

const problems = [];
const page = readFileSync(join(dist, "index.html"), "utf8");
if (/<style\b/i.test(page) || /\sstyle="/i.test(page)) problems.push("index.html has an inline style");
if (/<script\b(?![^>]*\ssrc=)/i.test(page)) problems.push("index.html has an inline script");
if (/\son[a-z]+="/i.test(page)) problems.push("index.html has an inline event handler");
for (const [tag] of page.matchAll(/<(?:script|link)\b[^>]*\/assets\/[^>]*\.(?:js|css)[^>]*>/g)) {
  if (!tag.includes("integrity=")) problems.push(`no integrity on ${tag}`);
}

const sizes = new Map();
for (const file of files(dist)) {
  if (!/\.(?:js|css|html|svg|json|webmanifest|wasm|mjs|txt)$/.test(file)) continue;
  const bytes = readFileSync(file);
  const packed = pack(bytes);
  sizes.set(file.slice(dist.length), packed.length);
  if (packed.length < bytes.length) writeFileSync(`${file}.br`, packed);
}

// The first screen: the entry, what it imports statically, and the home screen with its own imports.
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
const first = new Set();
function take(key) {
  const chunk = manifest[key];
  if (chunk === undefined || first.has(chunk.file)) return;
  first.add(chunk.file);
  (chunk.imports ?? []).forEach(take);
}
take("index.html");
for (const key of Object.keys(manifest)) if (key.startsWith("src/screens/home/")) take(key);
const total = [...first].filter((f) => f.endsWith(".js")).reduce((sum, f) => sum + (sizes.get(f) ?? 0), 0);
console.log(`first screen: ${(total / 1024).toFixed(1)} KB brotli of JavaScript, of ${FIRST_SCREEN / 1024}`);
if (total > FIRST_SCREEN) problems.push(`the first screen is ${(total / 1024).toFixed(1)} KB of JavaScript`);

const core = sizes.get("core.wasm");
if (core !== undefined) {
  console.log(`core: ${(core / 1e6).toFixed(3)} MB brotli, of ${(CORE / 1e6).toFixed(1)}`);
  if (core > CORE) problems.push("the core is over its budget");
}
for (const file of files(dist)) if (/kitchen/i.test(file)) problems.push(`${file} belongs to development`);

rmSync(join(dist, ".vite"), { recursive: true });
rmSync(join(dist, ".vite.br"), { force: true });
if (!statSync(join(dist, "index.html")).isFile()) problems.push("no index.html");
if (problems.length > 0) {
  for (const problem of problems) console.error(`build: ${problem}`);
  process.exit(1);
}
