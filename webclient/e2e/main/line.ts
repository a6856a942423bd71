/**
 * Somebody's way to the network, which can fail as ways do: cut, so that
 * everything breaks off at once, half dead, so that one is heard and hears
 * nothing, or so slow that what is sent gets stuck. A proxy between one browser
 * and the demonstration.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";

export class Line {
  readonly #server: Server;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #cut = false;
  #deaf = false;
  #held = false;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((asked, answer) => this.#fetch(asked, answer));
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
    this.#server.on("connect", (_, socket: Socket) => this.#tunnel(socket));
  }

  /** A line to the demonstration on a port of this machine. */
  static async open(port: number): Promise<Line> {
    const line = new Line(port);
    await new Promise<void>((resolve) => {
      line.#server.listen(0, "127.0.0.1", resolve);
    });
    return line;
  }

  /** For `newContext`. */
  get proxy(): { server: string } {
    const at = this.#server.address();
    if (at === null || typeof at !== "object") throw new Error("the line is closed");
    return { server: `http://127.0.0.1:${String(at.port)}` };
  }

  /** Everything breaks off, and nothing can be reached. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What is said still arrives; no answer does. */
  deafen(): void {
    this.#deaf = true;
  }

  /** What is sent by HTTP gets stuck on the way. */
  hold(): void {
    this.#held = true;
  }

  restore(): void {
    this.#cut = false;
    this.#held = false;
    this.#deaf = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    if (this.#cut) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** A request by HTTP. */
  #fetch(asked: IncomingMessage, answer: ServerResponse): void {
    const { pathname, search } = new URL(asked.url ?? "/", "http://localhost");
    const onward = request({ host: "127.0.0.1", port: this.#port, method: asked.method, path: pathname + search, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    if (this.#held && asked.method === "PUT") return; // whoever asked gives up, or the line is cut
    asked.pipe(onward);
  }

  /** A websocket. */
  #tunnel(near: Socket): void {
    const far = connect(this.#port, "127.0.0.1", () => near.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    this.#keep(far);
    near.on("data", (bytes: Buffer) => far.write(bytes));
    far.on("data", (bytes: Buffer) => {
      if (!this.#deaf) near.write(bytes);
    });
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }
}
