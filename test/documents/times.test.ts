import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { decodeReading } from "@weir/protocol";

const PAGE = "docs/reference/decoders.md";
const RECEIVED_US = Date.UTC(2026, 10, 27, 8, 31) * 1_000;
const SKEW_US = 60_000_000;

/** The rows of the table under "## Times": what a message says, what is read, the zone, the doubt. */
function rows(): [given: string, read: string, timeZone: string, flagged: string][] {
  const section = readFileSync(PAGE, "utf8").split("\n## Times\n")[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      return [cells[1]?.replaceAll("`", "") ?? "", cells[2] ?? "", cells[3] ?? "", cells[4] ?? ""];
    });
}

function isoOf(us: number): string {
  const [seconds] = new Date(Math.floor(us / 1_000)).toISOString().split(".");
  return `${seconds}.${String(us % 1_000_000).padStart(6, "0")}Z`;
}

test(`${PAGE} shows how times are read`, () => {
  const table = rows();
  expect(table.length).toBeGreaterThan(40);
  const shown = table.map(([given, , timeZone]) => {
    const payload = Buffer.from(`{"number":1,"epochtime":${given}}`);
    const zone = timeZone === "" ? {} : { timeZone };
    const times = { receivedUs: RECEIVED_US, skewUs: SKEW_US, ...zone };
    const { observedUs, outcome } = decodeReading(payload, times);
    // No example is the moment of reception itself.
    const read = observedUs === RECEIVED_US ? "reception" : isoOf(observedUs ?? 0);
    return [given, read, timeZone, outcome.reason];
  });
  expect(shown).toEqual(table);
});
