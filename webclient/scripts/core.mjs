// Puts the Go core beside the interface: dist/core.wasm, dist/wasm_exec.js (the
// loader of exactly the toolchain that built it) and dist/core.json, which tells
// the Worker the decoded size, for an honest progress bar, and the hash under
// which browsers may keep it for ever.
//
// The build is reproducible: no paths, no build id, no VCS stamp.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = new URL("../dist/", import.meta.url).pathname;
const module = new URL("../..", import.meta.url).pathname;
mkdirSync(dist, { recursive: true });

const goroot = execFileSync("go", ["env", "GOROOT"], { cwd: module, encoding: "utf8" }).trim();
const loader = ["lib/wasm/wasm_exec.js", "misc/wasm/wasm_exec.js"].map((p) => join(goroot, p)).find((p) => existsSync(p));
if (loader === undefined) throw new Error(`no wasm_exec.js under ${goroot}`);
copyFileSync(loader, join(dist, "wasm_exec.js"));

if (!existsSync(join(module, "cmd/ensemble-wasm/main.go"))) {
  console.warn("core: cmd/ensemble-wasm is not there; dist holds the interface alone");
  process.exit(0);
}
const wasm = join(dist, "core.wasm");
execFileSync("go", ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", wasm, "./cmd/ensemble-wasm"], {
  cwd: module,
  env: { ...process.env, GOOS: "js", GOARCH: "wasm", CGO_ENABLED: "0" },
  stdio: "inherit",
});
const bytes = readFileSync(wasm);
const sha256 = createHash("sha256").update(bytes).digest("hex");
writeFileSync(join(dist, "core.json"), JSON.stringify({ bytes: bytes.length, sha256 }) + "\n");
console.log(`core: ${(bytes.length / 1e6).toFixed(1)} MB, sha256 ${sha256.slice(0, 16)}…`);
