// Puts the Go core beside the interface: cmd/ensemble-wasm/build writes dist/core.wasm, dist/core.json and
// dist/wasm_exec.js, and says in its documentation what they are.
import { execFileSync } from "node:child_process";

const dist = new URL("../dist/", import.meta.url).pathname;
const module = new URL("../..", import.meta.url).pathname;
execFileSync("go", ["run", "./cmd/ensemble-wasm/build", dist], { cwd: module, stdio: "inherit" });
