/**
 * The demonstration network as a visitor starts it: the built binary in a process
 * of its own, with data of its own, on a port of its own.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The binary that is tried: what `make build` made, unless told. */
export const binary = (): string => process.env["ENSEMBLE_BINARY"] ?? new URL("../../../bin/ensemble", import.meta.url).pathname;

/** How long the database, the devices and the first case may take on a busy machine. */
const START = 120_000;
const STOP = 30_000;

export class Network {
  readonly port: number;
  /** What the process said of warnings and errors. */
  readonly log: string[] = [];
  readonly #process: ChildProcess;
  readonly #data: string;

  private constructor(port: number, data: string, child: ChildProcess) {
    this.port = port;
    this.#data = data;
    this.#process = child;
  }

  /** With further arguments of `ensemble demo`. */
  static async start(...args: readonly string[]): Promise<Network> {
    if (!existsSync(binary())) throw new Error(`${binary()} is not there: make build`);
    const data = mkdtempSync(join(tmpdir(), "ensemble-e2e-"));
    chmodSync(data, 0o755); // PostgreSQL runs as another account where this is root
    const port = await freePort();
    const child = spawn(binary(), ["demo", "--data", data, "--port", String(port), "--fresh", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const network = new Network(port, data, child);
    await network.#ready();
    return network;
  }

  /** Where a persona lives; the network's own start page without one. */
  address(persona?: string): string {
    return `http://${persona === undefined ? "" : `${persona}.`}localhost:${String(this.port)}`;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      const late = setTimeout(() => this.#process.kill("SIGKILL"), STOP);
      this.#process.kill("SIGTERM");
      await ended;
      clearTimeout(late);
    }
    rmSync(this.#data, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error("the demonstration has no output");
    createInterface(stderr).on("line", (line) => this.log.push(line));
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`the demonstration ${why}:\n${this.log.join("\n")}`));
      const late = setTimeout(() => fail("was not ready in time"), START);
      this.#process.once("exit", () => fail("ended before it was ready"));
      createInterface(stdout).on("line", (line) => {
        if (!line.startsWith("Ready")) return;
        clearTimeout(late);
        resolve();
      });
    });
  }
}

/** A port free for HTTP whose successor is free for media; below those that systems give away. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 5_000);
    if ((await tcpFree(port)) && (await udpFree(port + 1))) return port;
  }
  throw new Error("no free port between 20000 and 30000");
}

function tcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function udpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}
