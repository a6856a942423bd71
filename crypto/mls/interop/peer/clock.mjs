/** How the comparison times the work of implementations that run under Node. */

/**
 * How long an operation is repeated, in milliseconds, and how often at least, unless it has taken plenty by
 * then: as in cmd/compare-mls.
 */
const ENOUGH = 400;
const FEWEST = 3;
const PLENTY = 5000;

const OPERATIONS = {
  create: "create",
  commit: "commit",
  process: "process a commit",
  add: "add one member",
  join: "join by Welcome",
  encrypt: "encrypt 1 kB",
  decrypt: "decrypt 1 kB",
  exporter: "exporter",
};

/** Adds up the time of one operation. */
export class Clock {
  #total = 0;
  #times = 0;

  async run(operation) {
    const start = performance.now();
    const result = await operation();
    this.#total += performance.now() - start;
    this.#times += 1;
    return result;
  }

  get enough() {
    return (this.#times >= FEWEST && this.#total >= ENOUGH) || this.#total >= PLENTY;
  }

  /** In microseconds. */
  get mean() {
    return (this.#total / this.#times) * 1000;
  }
}

export function report(implementation, members, clocks) {
  for (const [name, clock] of Object.entries(clocks)) console.log(JSON.stringify({ implementation, operation: OPERATIONS[name], members, microseconds: clock.mean }));
}
