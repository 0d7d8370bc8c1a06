import { dirname } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { hasMachine, type Machine, startMachine } from "./machine.ts";
import { Reader } from "./reader.ts";

jest.setTimeout(300_000);

const PAGE = "docs/how-to/move-to-another-host.md";
const PATIENCE_MS = 60_000;
const SETTINGS = "PUBLISHER_INTERVAL_MIN_MS=20\nPUBLISHER_INTERVAL_MAX_MS=50\nDEVICE_ID=attic";
const followed = hasMachine([]) ? test : test.skip;

/** Copies between folders of this machine: two readers' machines have no network in common. */
const rsyncTo = (target: Machine): string => `
shift
while [ $# -gt 1 ]; do files="$files $1"; shift; done
cp -a $files "${dirname(target.clone)}/\${1#*@new:}"`;

followed("a suite moves to another host as docs/how-to/move-to-another-host.md says", async () => {
  await using target = await startMachine();
  await using source = await startMachine({ programs: { rsync: rsyncTo(target) } });
  await source.write(".env", SETTINGS);
  const values = { "<user>": "weir", "<new host>": "new" };
  await using leaving = new Reader(PAGE, source, { values });
  await leaving.startSuite();
  await audited(source, ({ received }) => received > 20);
  await leaving.follow("2. Copy while the old host runs");
  const before = await audited(source, ({ received }) => received > 40);
  await leaving[Symbol.asyncDispose]();
  await leaving.follow("3. Stop the old host");

  await using arriving = new Reader(PAGE, target, { values });
  await arriving.follow("4. Start the new host");
  // Each start of a publisher is an epoch of its own.
  await audited(target, ({ epoch, received }) => epoch !== before.epoch && received > 20);
  await arriving.follow("5. See that all is there");
  const moved = await audited(target, ({ epoch }) => epoch === before.epoch);
  expect(moved).toMatchObject({ missing: [], waiting: 0, received: moved.accepted });
  expect(moved.accepted).toBeGreaterThanOrEqual(before.accepted);
  expect(await target.run("weir series")).toContain("devices/attic/state");
});

/** A line of the audit. */
interface Audited {
  publisher: string;
  epoch: string;
  accepted: number;
  received: number;
}

/** Waits for a line about the suite's publisher. */
async function audited(machine: Machine, isMeant: (line: Audited) => boolean): Promise<Audited> {
  return await eventually(async () => {
    // It ends with 2 while there is nothing to judge.
    const lines = (await machine.run("weir audit --json || true")).trim().split("\n");
    const found: Audited[] = lines.map((line) => JSON.parse(line));
    return found.find((line) => line.publisher === "publisher" && isMeant(line)) ?? false;
  }, PATIENCE_MS);
}
