/** Serves dist as the server does: one policy for every file, deep links to index.html. */
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";

const root = new URL("../dist/", import.meta.url).pathname;
const policy = readFileSync(new URL("../csp.txt", import.meta.url), "utf8").trim();

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
};

/** Files in place of those of dist: a core made for one test. */
export type Overrides = ReadonlyMap<string, string | Uint8Array>;

export async function serveDist(overrides: Overrides = new Map()): Promise<{ address: string; server: Server }> {
  if (!existsSync(join(root, "index.html"))) throw new Error("dist is empty: npm run build first");
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    response.setHeader("content-security-policy", policy);
    response.setHeader("x-content-type-options", "nosniff");
    const override = overrides.get(path);
    if (override !== undefined) {
      response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
      response.end(override);
      return;
    }
    const named = join(root, path);
    const file = extname(path) === "" ? join(root, "index.html") : named;
    if (!file.startsWith(root) || !existsSync(file) || !statSync(file).isFile()) {
      response.statusCode = 404;
      response.end();
      return;
    }
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const at = server.address();
  if (at === null || typeof at !== "object") throw new Error("no address");
  return { address: `http://127.0.0.1:${String(at.port)}`, server };
}
