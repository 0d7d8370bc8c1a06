import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { eventually, temporaryFolder } from "@weir/testkit";
import { hasTable, startSuite } from "./fixture.ts";

const TIMEOUT_MS = 240_000;
/** 45 MB for a part, 60 for the two that serve pages and run workflows, 52 for aedes, with 15 % of room. */
const LIMITS_MB: Readonly<Record<string, number>> = { dashboard: 69, workflows: 69, broker: 60 };
const LIMIT_MB = 52;

interface Memory {
  part: string;
  /** Memory that no other process shares, in MB. */
  privateMb: number;
  /** The same, and its part of what it shares. */
  pssMb: number;
}

function memoryOf([part, pid]: [string, number]): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const mb = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]) / 1024;
  return { part, privateMb: mb("Private_Dirty") + mb("Private_Clean"), pssMb: mb("Pss") };
}

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux(
  "each part takes little memory once it has started",
  async () => {
    using folder = temporaryFolder();
    // The arguments of Node that npm start gives the supervisor; it gives them to its parts.
    const environment = { NODE_OPTIONS: "--max-semi-space-size=4 --expose-gc" };
    // What the first start compiles, and keeps in memory, the second one finds.
    await using first = await startSuite({ folder: folder.path, environment });
    await hasTable(first);
    first.child.kill("SIGTERM");
    await first.ended;

    await using suite = await startSuite({ folder: folder.path, environment });
    await hasTable(suite);
    const processes: [string, number][] = Object.entries(suite.parts());
    processes.push(["supervisor", suite.child.pid ?? 0]);
    let measured: Memory[] = [];
    const tooLarge = (): Memory[] => {
      measured = processes.map(memoryOf);
      return measured.filter(({ part, privateMb }) => privateMb > (LIMITS_MB[part] ?? LIMIT_MB));
    };
    // They give back what starting has left 10 s after it.
    await eventually(() => tooLarge().length === 0, TIMEOUT_MS / 4).catch(() => {});
    for (const { part, privateMb, pssMb } of measured) {
      process.stdout.write(
        `${part}: ${privateMb.toFixed(0)} MB private, PSS ${pssMb.toFixed(0)}\n`,
      );
    }
    expect(tooLarge()).toEqual([]);
  },
  TIMEOUT_MS,
);
