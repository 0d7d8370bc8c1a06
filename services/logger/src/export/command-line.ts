import { existsSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import { type Given, optionFault } from "@weir/command-line";
import { type RequestForm, SELECTION_HELP, type Selected } from "@weir/recording";
import type { StreamPlace } from "@weir/store";
import { createCsv } from "./csv.ts";
import type { Format } from "./format.ts";
import { createJsonLines } from "./jsonl.ts";

/** What `npm run export` is asked for. */
export interface ExportRequest extends Selected {
  format: Format;
  /** `null` is standard output. */
  output: string | null;
}

export const EXPORT_HELP = `npm run -s export -- --stream NAME [options]

Writes a part of a stream to standard output, in the order of arrival, while the logger writes it.
Payloads are given as text where they are UTF-8 and in base64 elsewhere. Nothing is changed, but that a
terminal gets characters escaped that could steer it. (Without -s, npm adds lines of its own.)

Options:
${SELECTION_HELP}
  --format FORMAT   csv (default) or jsonl
  --spreadsheet     for csv: an apostrophe before what a spreadsheet would take for a formula, which
                    begins with = + - @, a tab or a line end. Numbers such as -18.2 stay numbers
  --output FILE     a new file instead of standard output; with --cursor also one that is there,
                    which is added to
  --help

With --cursor there is no header. Ctrl-C ends after the part that is being written, and prints the
cursor to go on with.
`;

/** How `npm run export` reads its command line. */
export const exportForm: RequestForm<ExportRequest> = {
  options: {
    format: { type: "string" },
    spreadsheet: { type: "boolean" },
    output: { type: "string" },
  },
  read: (given, { selected }) => {
    const output = given.text("output");
    if (output === "") throw optionFault("output", output, "a path");
    if (output !== null && belongsTo(selected.stream.place, output)) {
      throw optionFault("output", output, "a path outside of the store");
    }
    return { ...selected, format: readFormat(given), output };
  },
};

function readFormat(given: Given): Format {
  const name = given.text("format") ?? "csv";
  const forSpreadsheet = given.has("spreadsheet");
  if (name === "csv") return createCsv({ forSpreadsheet });
  if (name !== "jsonl") throw optionFault("format", name, "csv or jsonl");
  if (forSpreadsheet) throw optionFault("format", name, "csv with --spreadsheet");
  return createJsonLines();
}

const BESIDE = ["", "-wal", "-shm", "-journal", ".lock", ".ballast"];

/** With --cursor a file that is there is added to: that must not be one of the store's. */
function belongsTo(place: StreamPlace, output: string): boolean {
  const path = realPath(output);
  return place.kind === "folder"
    ? path.startsWith(`${realPath(place.folder)}${sep}`)
    : BESIDE.some((suffix) => path === realPath(place.file) + suffix);
}

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path));
