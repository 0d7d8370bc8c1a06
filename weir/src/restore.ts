import { bytesOf, checkSnapshot, readSnapshot, restore, snapshotNames } from "@weir/backup";
import { EXIT_CODES, Fault, print, toolEnvironment } from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  columnsText,
  examples,
  exitCodeOf,
  grouped,
  type Surroundings,
} from "./command-line.ts";
import { readPlacesOfSettings } from "./read-places.ts";

export function define(command: Command, surroundings: Surroundings): void {
  const { environment, out } = surroundings;
  command
    .argument("<folder>", "the folder of the backups")
    .option("--snapshot <name>", "which snapshot (default: the newest)")
    .option("--to <folder>", "a new folder, instead of the places that the settings name")
    .option("--verify", "restore nothing: check every file and database of the snapshot")
    .option("--damaged", "also restore databases that were damaged when they were taken")
    .option("--list", "show the snapshots");
  examples(
    command,
    [
      "restore backups --list",
      "restore backups",
      "restore backups --snapshot 20261128T040000.123Z --to /tmp/yesterday",
      "restore backups --verify",
    ],
    `It checks every file by its hash, opens every database, and overwrites nothing. The suite must not run on the place that
it restores to. In a folder of --to, store/weir.db is the store: DB_FILE=<folder>/store/weir.db weir audit reads it.`,
  );
  action(command, async (given, folder = "") => {
    const signal = surroundings.stopSignal();
    const names = snapshotNames(folder);
    if (given.has("list")) {
      print(listOf(folder, names), { to: out });
      return EXIT_CODES.ok;
    }
    const snapshot = given.text("snapshot") ?? names.at(-1);
    if (snapshot === undefined) {
      throw new Fault(`${folder} has no snapshots`, {
        remedy: "Name the folder that weir backup writes to.",
        exitCode: EXIT_CODES.configuration,
      });
    }
    try {
      const isCheck = given.has("verify");
      const to = given.text("to") ?? readPlacesOfSettings(toolEnvironment(environment));
      const { files, bytes } = isCheck
        ? await checkSnapshot(folder, snapshot, signal)
        : await restore({ folder, snapshot, to, damaged: given.has("damaged"), signal });
      const done = isCheck ? "whole" : "restored";
      print(`snapshot ${snapshot} is ${done}: ${grouped(files)} files, ${grouped(bytes)} bytes\n`, {
        to: out,
      });
      return EXIT_CODES.ok;
    } catch (error) {
      if (signal.aborted) return exitCodeOf(signal);
      throw error;
    }
  });
}

function listOf(folder: string, names: readonly string[]): string {
  const rows = names.map((name) => {
    const { begun, weir, files } = readSnapshot(folder, name);
    return [
      name,
      begun,
      `Weir ${weir}`,
      `${grouped(files.length)} files`,
      `${grouped(bytesOf(files))} bytes`,
    ];
  });
  return names.length === 0 ? "" : `${columnsText(rows)}\n`;
}
