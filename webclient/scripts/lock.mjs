// Takes the download addresses out of package-lock.json, so that whoever installs uses their own
// registry. Versions and integrity hashes stay. Run as `npm run lock` after changing package.json.
// (npm's own omit-lockfile-registry-resolved writes optional packages without a version, which
// `npm ci` then refuses.)
import { readFile, writeFile } from "node:fs/promises";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(await readFile(file, "utf8"));
for (const entry of Object.values(lock.packages)) delete entry.resolved;
await writeFile(file, JSON.stringify(lock, null, 2) + "\n");
