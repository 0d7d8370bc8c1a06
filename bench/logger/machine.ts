import { spawnSync } from "node:child_process";
import { closeSync, fsyncSync, openSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { spreadOf } from "./comparison.ts";

/** What the figures depend on. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGigabytes: number;
  kernel: string;
  node: string;
  mosquitto: string;
  mosquittoSub: string;
  /** Of what was measured; "+" for uncommitted changes. */
  commit: string;
  /** Processes that wanted to run in the minute before. */
  load: number;
  /** A write and fsync of 4 KiB where the stores are, in microseconds. */
  fsyncUs: number;
}

const TMPFS = 0x01021994;
const FSYNC_PROBES = 50;

export function describeMachine(where: { folder: string; mosquitto: string }): Machine {
  const [processor] = cpus();
  return {
    processor: processor?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    mosquitto: where.mosquitto,
    mosquittoSub: firstLineOf("mosquitto_sub", ["--version"]),
    commit: commit(),
    load: loadavg()[0] ?? 0,
    fsyncUs: fsyncUs(where.folder),
  };
}

export function renderMachine(machine: Machine): string {
  const { processor, cores, memoryGigabytes, kernel, node, load, fsyncUs } = machine;
  return [
    `${processor}, ${cores} cores, ${memoryGigabytes} GiB, Linux ${kernel}, load ${load.toFixed(2)} before`,
    `Node ${node}, ${machine.mosquitto}, ${machine.mosquittoSub}`,
    `write and fsync of 4 KiB: ${Math.round(fsyncUs)} µs; commit ${machine.commit}`,
  ].join("\n");
}

/** What makes figures of this machine worthless, in words for a user. */
export function machineWarnings(machine: Machine, folder: string): string[] {
  const warnings: string[] = [];
  if (machine.load > machine.cores / 2) {
    warnings.push(`the load is ${machine.load.toFixed(2)}: something else is running`);
  }
  if (statfsSync(folder).type === TMPFS) {
    warnings.push(`${folder} is in memory: a commit costs nothing there; set TMPDIR to a disk`);
  }
  return warnings;
}

function commit(): string {
  const git = (args: string[]): string => spawnSync("git", args, { encoding: "utf8" }).stdout ?? "";
  const id = git(["rev-parse", "--short", "HEAD"]).trim();
  const isChanged = git(["status", "--porcelain", "--untracked-files=no"]) !== "";
  return id === "" ? "unknown" : `${id}${isChanged ? "+" : ""}`;
}

function firstLineOf(command: string, args: string[]): string {
  // Some exit with an error after printing their version.
  const { stdout, error } = spawnSync(command, args, { encoding: "utf8" });
  return error === undefined ? (stdout.split("\n")[0] ?? "") : `${command} missing`;
}

function fsyncUs(folder: string): number {
  const file = openSync(join(folder, "fsync"), "w");
  const page = Buffer.alloc(4_096);
  const times = Array.from({ length: FSYNC_PROBES }, () => {
    const startMs = performance.now();
    writeSync(file, page);
    fsyncSync(file);
    return (performance.now() - startMs) * 1_000;
  });
  closeSync(file);
  return spreadOf(times)?.median ?? Number.NaN;
}
