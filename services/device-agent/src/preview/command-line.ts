import { type Given, optionFault, readDuration } from "@weir/command-line";
import { type RequestForm, SELECTION_HELP, type Selected } from "@weir/recording";
import { millisecondsOf } from "@weir/settings-file";
import { MAX_SILENCE, MAX_SILENCE_BOUNDS } from "../config/report-entry.ts";
import type { Deadband } from "../report/deadband.ts";

/** What `npm run agent -- deadband-preview` is asked for. */
export interface PreviewRequest extends Selected {
  /** `null` is each. */
  device: string | null;
  attribute: string | null;
  /** `null` tries several. */
  deadband: Deadband | null;
  maxSilenceMs: number;
}

export const PREVIEW_HELP = `npm run -s agent -- deadband-preview --stream NAME [options]

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
    maxSilenceMs:
      readDuration(given, "max-silence", MAX_SILENCE_BOUNDS) ?? millisecondsOf(MAX_SILENCE),
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
