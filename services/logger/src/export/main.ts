import { systemClock } from "@weir/clock";
import { exitCodeOf, runCommand } from "@weir/command-line";
import { loadEnvironment } from "@weir/config";
import { EXIT_CODES, errorCode } from "@weir/fault";
import { listenForStopRequest } from "@weir/service";
import { nothingRecorded } from "../recording/nothing-recorded.ts";
import { createProgressLine, grouped } from "../recording/progress.ts";
import { EXPORT_HELP, type ExportRequest, readExportRequest } from "./command-line.ts";
import { exportRange } from "./export.ts";
import { openFileSink, type Sink, sinkOf } from "./sink.ts";

/** `npm run export`: a part of a stream as CSV or JSON lines. */
async function main(): Promise<number> {
  const nowUs = systemClock.now() * 1_000;
  const request = readExportRequest(process.argv.slice(2), loadEnvironment(), nowUs);
  if (request === "help") {
    process.stdout.write(EXPORT_HELP);
    return EXIT_CODES.ok;
  }
  try {
    return await run(request);
  } catch (error) {
    // Whoever read it has enough: head(1), or a pager that was left.
    if (errorCode(error) === "EPIPE") return EXIT_CODES.ok;
    throw error;
  }
}

async function run(request: ExportRequest): Promise<number> {
  const { query } = request;
  let stopReason: string | null = null;
  void listenForStopRequest().then(({ reason }) => {
    stopReason = reason;
  });
  const progress = createProgressLine({
    terminal: process.stderr,
    clock: systemClock,
    fromUs: query.fromUs ?? null,
    toUs: query.toUs,
  });
  const say = (text: string): void => {
    progress.clear();
    process.stderr.write(`export: ${text}\n`);
  };

  const { messages, cursor, end, unreadable } = await exportRange(request, {
    sink: await openSink(request),
    onProgress: progress.show,
    onSkipped: ({ reason }) => say(reason),
    isStopped: () => stopReason !== null,
  });
  if (cursor === null) throw nothingRecorded(request.stream);
  if (end === "complete") progress.clear();
  else say(`${grouped(messages)} messages so far; go on with --cursor ${cursor}`);
  if (stopReason !== null && end === "stopped") return exitCodeOf(stopReason);
  return unreadable > 0 ? EXIT_CODES.fault : EXIT_CODES.ok;
}

async function openSink({ output, query }: ExportRequest): Promise<Sink> {
  if (output === null) return sinkOf(process.stdout);
  return await openFileSink(output, { append: query.after !== undefined });
}

await runCommand("export", main);
