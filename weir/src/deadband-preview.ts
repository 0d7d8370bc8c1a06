import { MAX_SILENCE_BOUNDS, MAX_SILENCE_MS } from "@weir/device-agent/agent-file";
import type { Deadband } from "@weir/device-agent/deadband";
import { EXIT_CODES, Fault, print, visible } from "@weir/runtime";
import Table from "cli-table3";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  printJson,
  readDuration,
  type Surroundings,
} from "./command-line.ts";
import {
  type DevicePreview,
  type PreviewRequest,
  startCollecting,
  type Tally,
} from "./deadband-tally.ts";
import { addRecordingOptions, Recording } from "./recording.ts";

export function define(command: Command, surroundings: Surroundings): void {
  addRecordingOptions(command)
    .option("--device <id>", "only the states of this device (default: all)")
    .option("--attribute <name>", "only this attribute (default: all)")
    .option("--deadband <n>", "hold back changes of at most n units")
    .option(
      "--relative <n%>",
      "hold back changes of at most n percent of the value reported last; without a deadband the table compares several",
    )
    .option(
      "--max-silence <span>",
      "report a value after this time in any case: 30s, 5m, 2h (default: 5m)",
    )
    .option("--json", "print the result as JSON");
  examples(
    command,
    [
      "deadband-preview --stream devices --device kitchen",
      "deadband-preview --stream devices --from -1d --attribute temperature --deadband 0.5",
    ],
    `It computes from recorded states how many messages a deadband would have saved, and how far the value
reported last would have been from the recorded one. What a device's own deadband held back is not
recorded, so it is not counted. A message is saved when none of its attributes is due; the line "all"
of a device counts those. Ctrl-C ends it and shows the result so far.`,
  );
  action(command, async (given) => {
    const recording = new Recording(command, given, surroundings);
    const request = {
      device: given.text("device"),
      attribute: given.text("attribute"),
      deadband: readDeadband(given),
      maxSilenceMs: readDuration(given, "max-silence", MAX_SILENCE_BOUNDS) ?? MAX_SILENCE_MS,
      asJson: given.has("json"),
    };
    return await run(request, recording, surroundings);
  });
}

const NUMBER = String.raw`\d{1,16}(\.\d{1,16})?(e[+-]?\d{1,2})?`;
const WIDTH = new RegExp(`^${NUMBER}$`);
const PERCENT = new RegExp(`^(?<percent>${NUMBER}) ?%$`);

function readDeadband(given: Given): Deadband | null {
  const width = given.text("deadband");
  const relative = given.text("relative");
  if (width === null) return relative === null ? null : readShare(relative);
  if (relative !== null) throw optionFault("relative", relative, "left out beside --deadband");
  if (!WIDTH.test(width)) throw optionFault("deadband", width, "a number from 0 on, such as 0.5");
  return { kind: "absolute", width: Number(width) };
}

function readShare(text: string): Deadband {
  const percent = PERCENT.exec(text)?.groups?.percent;
  if (percent === undefined) throw optionFault("relative", text, "a percentage, such as 5%");
  return { kind: "relative", share: Number(percent) / 100 };
}

const COUNTS = ["samples", "reported", "saved"];
const ERRORS = ["mean error", "max error", "rms error"];
const DIGITS = 3;

/** One deadband for all: a line for each attribute, and for each device with several of them one for its messages. */
export function renderOne(devices: readonly DevicePreview[]): string {
  const table = tableOf(["device", "attribute", ...COUNTS, ...ERRORS], 2);
  for (const { device, series, messages, reportedMessages } of devices) {
    for (const { attribute, tallies } of series) {
      for (const tally of tallies)
        table.push([visible(device), visible(attribute), ...counts(tally), ...errors(tally)]);
    }
    if (series.length === 1) continue;
    const all = { samples: messages, reported: reportedMessages };
    table.push([visible(device), "all", ...counts(all), ...ERRORS.map(() => "-")]);
  }
  return `${table.toString()}\n`;
}

/** Several deadbands beside each other: a table for each attribute. */
export function renderCandidates(devices: readonly DevicePreview[]): string {
  const tables = devices.flatMap(({ device, series }) =>
    series.map(({ attribute, tallies }) => {
      const table = tableOf(["deadband", ...COUNTS, ...ERRORS], 0);
      for (const tally of tallies) {
        const { deadband } = tally.rule;
        const width = deadband?.kind === "absolute" ? String(deadband.width) : "none";
        table.push([width, ...counts(tally), ...errors(tally)]);
      }
      return `${visible(device)} ${visible(attribute)}\n${table.toString()}\n`;
    }),
  );
  return tables.join("\n");
}

function tableOf(head: string[], names: number): Table.Table {
  return new Table({
    head,
    colAligns: head.map((_, index) => (index < names ? "left" : "right")),
    style: { head: [], border: [] },
  });
}

function counts({ samples, reported }: Pick<Tally, "samples" | "reported">): string[] {
  const saved = samples === 0 ? 0 : (100 * (samples - reported)) / samples;
  return [grouped(samples), grouped(reported), `${saved.toFixed(1)} %`];
}

function errors({ error }: Tally): string[] {
  return [error.mean, error.max, error.rootMeanSquare].map((one) =>
    String(Number(one.toPrecision(DIGITS))),
  );
}

async function run(
  request: PreviewRequest,
  recording: Recording,
  { out }: Surroundings,
): Promise<number> {
  const { signal } = recording;
  const collecting = startCollecting(request);
  let messages = 0;
  for await (const page of recording.pages()) {
    for (const message of page.messages) collecting.add(message);
    messages += page.messages.length;
    recording.show(messages, page.reachedUs);
    if (signal.aborted) break;
  }
  const { devices, leftOut } = collecting.result();
  recording.clear();
  const exitCode = recording.exitCode();
  if (devices.length === 0 && !signal.aborted) throw noStates(request, recording, messages);
  if (request.asJson) printJson({ devices }, { to: out, indent: 2 });
  else
    print(request.deadband === null ? renderCandidates(devices) : renderOne(devices), { to: out });
  if (leftOut > 0) {
    recording.say(`${grouped(leftOut)} or more attributes left out; name a --device`);
  }
  if (!signal.aborted) return exitCode;
  recording.say(`stopped after ${grouped(messages)} messages; this is the result so far`);
  return exitCodeOf(signal);
}

function noStates(
  { device, attribute }: PreviewRequest,
  { stream }: Recording,
  messages: number,
): Fault {
  const whose = device === null ? "" : ` of the device ${JSON.stringify(device)}`;
  const which = attribute === null ? "" : ` with the attribute ${JSON.stringify(attribute)}`;
  return new Fault(
    `--stream: among ${grouped(messages)} messages of ${stream.name} there is no state${whose}${which}`,
    {
      remedy:
        "Leave out --device and --attribute to see which there are, and look at --from and --to.",
      exitCode: EXIT_CODES.unavailable,
    },
  );
}
