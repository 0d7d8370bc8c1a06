import type { Deadband } from "@weir/device-agent/deadband";
import { MAX_SILENCE_BOUNDS, MAX_SILENCE_MS } from "@weir/device-agent/report-entry";
import {
  EXIT_CODES,
  exitCodeOf,
  Fault,
  type Given,
  grouped,
  optionFault,
  print,
  readDuration,
  visible,
} from "@weir/runtime";
import Table from "cli-table3";
import {
  type DevicePreview,
  previewDeadbands,
  type SeriesPreview,
  spanning,
  type Tally,
} from "./preview.ts";
import {
  type Conversation,
  type RecordingCommand,
  runRecordingCommand,
} from "./recording-command.ts";
import { nothingRecorded, type RequestForm, SELECTION_HELP, type Selected } from "./selection.ts";

/** What `npm run agent -- deadband-preview` is asked for. */
export interface PreviewRequest extends Selected {
  /** `null` is each. */
  device: string | null;
  attribute: string | null;
  /** `null` tries several. */
  deadband: Deadband | null;
  maxSilenceMs: number;
}

const PREVIEW_HELP = `npm run -s agent -- deadband-preview --stream NAME [options]

Tells from recorded states how many messages a deadband would have saved, and what that would have
cost: how far the value reported last would have been from the recorded one. What a device's own
deadband had kept back is not recorded, so it is not counted either.

Options:
  --device ID       the states of this device; default all
  --attribute NAME  this attribute; default all
  --deadband N      changes of N units at most are kept back
  --relative N%     changes of N percent of the value reported last at most are kept back;
                    without either, widths that span the changes are set beside each other
  --max-silence SPAN
                    a value is reported after this time all the same: 30s, 5m (default), 2h
${SELECTION_HELP}
  --help

A message is saved when none of its attributes is due; the line "all" of a device counts those.
Ctrl-C ends it and shows what there is so far.
`;

/** How `npm run agent -- deadband-preview` reads its command line. */
export const previewForm: RequestForm<PreviewRequest> = {
  options: {
    device: { type: "string" },
    attribute: { type: "string" },
    deadband: { type: "string" },
    relative: { type: "string" },
    "max-silence": { type: "string" },
  },
  read: (given, { selected }) => ({
    ...selected,
    device: given.text("device"),
    attribute: given.text("attribute"),
    deadband: readDeadband(given),
    maxSilenceMs: readDuration(given, "max-silence", MAX_SILENCE_BOUNDS) ?? MAX_SILENCE_MS,
  }),
};

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
  for (const { device, series, messages, reportedMessages } of sorted(devices, "device")) {
    for (const { attribute, tallies } of sorted(series, "attribute")) {
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
  return sorted(devices, "device")
    .flatMap(({ device, series }) =>
      sorted(series, "attribute").map(
        (one) => `${visible(device)} ${visible(one.attribute)}\n${candidates(one)}\n`,
      ),
    )
    .join("\n");
}

function candidates({ tallies }: SeriesPreview): string {
  const table = tableOf(["deadband", ...COUNTS, ...ERRORS], 0);
  for (const tally of spanning(tallies)) {
    table.push([deadbandText(tally.rule.deadband), ...counts(tally), ...errors(tally)]);
  }
  return table.toString();
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

function deadbandText(deadband: Deadband | null): string {
  if (deadband === null) return "none";
  return deadband.kind === "absolute" ? String(deadband.width) : `${deadband.share * 100} %`;
}

function sorted<Key extends string, Item extends Record<Key, string>>(
  items: readonly Item[],
  key: Key,
): Item[] {
  return items.toSorted((a, b) => (a[key] < b[key] ? -1 : 1));
}

const command: RecordingCommand<PreviewRequest> = {
  name: "deadband-preview",
  help: PREVIEW_HELP,
  form: previewForm,
  run,
};

/**
 * `npm run agent -- deadband-preview`: what a deadband would have saved, and its price. Returns the exit code.
 *
 * @throws Fault for options that are wrong, and for recordings that are not there.
 */
export async function runDeadbandPreview(argv: readonly string[]): Promise<number> {
  return await runRecordingCommand(command, argv);
}

async function run(request: PreviewRequest, conversation: Conversation): Promise<number> {
  const { signal, say, showProgress, clearProgress } = conversation;
  const preview = await previewDeadbands(request, {
    onProgress: showProgress,
    onSkipped: ({ reason }) => say(reason),
    isStopped: () => signal.aborted,
  });
  clearProgress();
  const { devices, leftOut, messages, unreadable, isStopped } = preview;
  if (preview.cursor === null) throw nothingRecorded(request.stream);
  if (devices.length === 0 && !isStopped) throw noStates(request, messages);
  print(request.deadband === null ? renderCandidates(devices) : renderOne(devices));
  if (leftOut > 0) say(`${grouped(leftOut)} or more attributes left out; name a --device`);
  if (isStopped) {
    say(`stopped after ${grouped(messages)} messages; this is what there is so far`);
    return exitCodeOf(String(signal.reason));
  }
  return unreadable > 0 ? EXIT_CODES.fault : EXIT_CODES.ok;
}

function noStates({ stream, device, attribute }: PreviewRequest, messages: number): Fault {
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
