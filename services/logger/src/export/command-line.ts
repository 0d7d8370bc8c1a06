import { optionFault } from "@weir/command-line";
import { type RequestForm, SELECTION_HELP, type Selected } from "@weir/recording";
import { createCsv } from "./csv.ts";
import type { Format } from "./format.ts";
import { createJsonLines } from "./jsonl.ts";

/** What `npm run export` is asked for. */
export interface ExportRequest extends Selected {
  format: Format;
  /** `null` is standard output. */
  output: string | null;
}

const FORMATS = { csv: createCsv, jsonl: createJsonLines } as const;

export const EXPORT_HELP = `npm run -s export -- --stream NAME [options]

Writes a part of a stream to standard output, in the order of arrival, while the logger writes it.
Payloads are given as text where they are UTF-8 and in base64 elsewhere; nothing is changed, so that
a program that takes text for formulas must be told not to. (Without -s, npm adds lines of its own.)

Options:
${SELECTION_HELP}
  --format FORMAT   csv (default) or jsonl
  --output FILE     a new file instead of standard output; with --cursor also one that is there,
                    which is added to
  --help

With --cursor there is no header. Ctrl-C ends after the part that is being written, and prints the
cursor to go on with.
`;

/** How `npm run export` reads its command line. */
export const exportForm: RequestForm<ExportRequest> = {
  options: { format: { type: "string" }, output: { type: "string" } },
  read: (given, { selected }) => {
    const name = given.text("format") ?? "csv";
    if (name !== "csv" && name !== "jsonl") throw optionFault("format", name, "csv or jsonl");
    const output = given.text("output");
    if (output === "") throw optionFault("output", output, "a path");
    return { ...selected, format: FORMATS[name](), output };
  },
};
