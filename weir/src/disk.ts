import { diskReport, diskReportAsJson } from "@weir/disk";
import {
  EXIT_CODES,
  print,
  readSettings,
  storeSettings,
  toolEnvironment,
  visible,
} from "@weir/runtime";
import { indexFileOf } from "@weir/series";
import { readStreams } from "@weir/streams";
import type { Command } from "commander";
import { action, examples, printJson, type Surroundings } from "./command-line.ts";
import { printReport } from "./disk-format.ts";
import { findStream } from "./recording.ts";

export function define(command: Command, { environment, clock, out, err }: Surroundings): void {
  command
    .option(
      "--stream <name>",
      "only this stream (default: all of them, and how long the disk lasts)",
    )
    .option("--json", "print everything as JSON, sizes in bytes");
  examples(
    command,
    ["disk", "disk --stream devices", "disk --json"],
    `It shows what each stream, its series and the index take, how fast each grows, what other settings would
take, and when the disk is full at this rate. It reads the store while the logger and stats write it.

A rate is that of the last 7 days, or of less where there is less: the table says of how long. Whose the messages
are is known from a sample of the newest segments. What other settings would take, and the day on
which the disk is full, are estimates: they hold as long as devices report as they do now, and leave out what
other programs write.`,
  );
  action(command, async (given) => {
    const settings = toolEnvironment(environment);
    const config = readStreams(settings);
    const storeFile = readSettings(storeSettings, settings).DB_FILE;
    const name = given.text("stream");
    const report = await diskReport(config.streams, {
      storeFile,
      indexFile: indexFileOf(storeFile),
      nowMs: clock.now(),
      chosen: name === null ? null : findStream(name, config).name,
    });
    for (const problem of report.problems) print(`weir disk: ${visible(problem)}\n`, { to: err });
    if (given.has("json")) printJson(diskReportAsJson(report), { to: out, indent: 2 });
    else printReport(report, { to: out, nowMs: clock.now() });
    return report.problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.fault;
  });
}
