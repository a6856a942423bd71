/** The rows of the comparison on standard input, as one table for each number of members. */
import { readFileSync } from "node:fs";

const rows = readFileSync(0, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line));
const distinct = (key) => [...new Set(rows.map((row) => row[key]))];
const BASE = "ours, WebAssembly";
const took = (members, operation, implementation) => rows.find((row) => row.members === members && row.operation === operation && row.implementation === implementation)?.microseconds;
const words = (microseconds) => (microseconds < 1000 ? `${microseconds.toPrecision(3)} µs` : `${(microseconds / 1000).toPrecision(3)} ms`);

for (const members of distinct("members")) {
  console.log(`\n${members} members; in brackets the time as a multiple of ours in WebAssembly`);
  const implementations = distinct("implementation");
  const table = [["", ...implementations]];
  for (const operation of distinct("operation")) {
    const base = took(members, operation, BASE);
    table.push([operation, ...implementations.map((one) => took(members, operation, one)).map((us) => (us === undefined ? "" : `${words(us)} (${(us / base).toPrecision(2)})`))]);
  }
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
}
