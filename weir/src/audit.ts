import { type AuditLine, type AuditNotes, audit, count, type Doubt, type Tally } from "@weir/audit";
import { readLoggerConfig } from "@weir/logger/config";
import { isName, NAME_RULE } from "@weir/protocol";
import { createLogger, EXIT_CODES, print, toolEnvironment, visible } from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  columnsText,
  examples,
  grouped,
  optionFault,
  printJson,
  type Surroundings,
} from "./command-line.ts";

/** How many lines and doubts are printed without `--all`. */
const SHOWN_MAX = 100;

export function define(command: Command, { environment, out }: Surroundings): void {
  command
    .option("--publisher <name>", "audit this publisher only")
    .option("--all", `print every line, not only the ${SHOWN_MAX} worst`)
    .option("--json", "print every line as JSON, and the result as the last line")
    .option(
      "--strict",
      "end with 3 when something could not be judged or is claimed without support",
    );
  examples(
    command,
    ["audit", "audit --publisher kitchen --json", "audit --strict"],
    `It compares what publishers with an outbox announce with what is stored. It only reads.

Exit codes:
  0   all that could be judged is complete
  1   messages are missing
  2   nothing could be judged
  3   only with --strict
  69  the broker or a store is missing
  78  the configuration or the command line is wrong`,
  );
  action(command, async (given) => {
    const publisher = given.text("publisher");
    if (publisher !== null && !isName(publisher)) {
      throw optionFault("publisher", publisher, NAME_RULE);
    }
    const config = readLoggerConfig(toolEnvironment(environment));
    const table = createAuditTable(given.has("all") ? Number.POSITIVE_INFINITY : SHOWN_MAX);
    const isJson = given.has("json");
    const notes = await audit({
      ...config.streams,
      only: publisher,
      logger: createLogger("audit", { ...config.process, logLevel: "warn" }),
      onLine: isJson ? (line) => printJson(line, { to: out }) : table.add,
    });
    if (isJson) printJson(notes, { to: out });
    else print(table.render(notes), { to: out });
    return exitCodeOf(notes, given.has("strict"));
  });
}

/** The exit codes that `--help` lists, but for those of an audit that did not end. */
function exitCodeOf({ judged, missing, doubts }: Tally, isStrict: boolean): number {
  if (missing > 0) return 1;
  if (judged === 0) return 2;
  return isStrict && doubts.length > 0 ? 3 : EXIT_CODES.ok;
}

const EPOCH_SHOWN = 8;
const RANGES_SHOWN = 5;
const TOPIC_SHOWN = 60;

const COLUMNS: readonly (readonly [title: string, cell: (line: AuditLine) => string])[] = [
  ["stream", ({ stream }) => stream ?? "none"],
  ["publisher", ({ publisher }) => visible(publisher)],
  ["epoch", ({ epoch }) => visible(epoch.slice(0, EPOCH_SHOWN))],
  ["topic", ({ topic }) => visible(shortened(topic))],
  ["accepted", ({ accepted }) => String(accepted ?? "not announced")],
  ["received", ({ received }) => String(received)],
  ["duplicates", ({ duplicates }) => String(duplicates)],
  ["waiting", ({ waiting }) => String(waiting ?? "-")],
  ["abandoned", ({ abandoned }) => String(abandoned)],
  ["filtered", ({ filtered }) => String(filtered)],
  ["missing", missingText],
  ["last seen (UTC)", ({ lastReceivedUs }) => timeText(lastReceivedUs)],
];

function shortened(topic: string): string {
  return topic.length > TOPIC_SHOWN ? `${topic.slice(0, TOPIC_SHOWN)}…` : topic;
}

/**
 * The audit as a table for a terminal, the worst first, with sentences on what it means.
 *
 * @param shownMax lines that are kept and shown at most, and as many doubts.
 */
export function createAuditTable(shownMax: number) {
  const missing: AuditLine[] = [];
  const others: AuditLine[] = [];
  const claims: AuditLine[] = [];
  let count = 0;

  function listFor({ missing: ranges, doubt }: AuditLine): AuditLine[] {
    if (ranges.length > 0) return missing;
    return doubt?.kind === "unsupported" ? claims : others;
  }

  return {
    add: (line: AuditLine): void => {
      count += 1;
      const list = listFor(line);
      if (list.length < shownMax) list.push(line);
    },
    render: (notes: AuditNotes): string => {
      const shown = [...missing, ...others, ...claims].slice(0, shownMax);
      const table = count === 0 ? [] : [tableOf(shown)];
      const cut = count - shown.length;
      if (cut > 0) table.push(`… and ${grouped(cut)} more lines; --all or --json has them.`);
      return `${[...table, ...sentences(notes, shownMax)].join("\n")}\n`;
    },
  };
}

function tableOf(lines: readonly AuditLine[]): string {
  const titles = COLUMNS.map(([title]) => title);
  return columnsText([titles, ...lines.map((line) => COLUMNS.map(([, cell]) => cell(line)))]);
}

function sentences(notes: AuditNotes, shownMax: number): string[] {
  const { judged, missing, doubts, unsequenced, ignored, hints } = notes;
  const of = (kind: Doubt["kind"]) => doubts.filter((doubt) => doubt.kind === kind);
  const listed = (kind: Doubt["kind"]): string[] => {
    const all = of(kind);
    const shown = all.slice(0, shownMax).map(({ publisher, reason, topics }) => {
      return `  ${visible(publisher)}: ${visible(reason)}${topics === 1 ? "" : ` (${grouped(topics)} lines)`}`;
    });
    const cut = all.length - shown.length;
    return cut > 0 ? [...shown, `  … and ${grouped(cut)} more`] : shown;
  };
  const verdict =
    judged === 0
      ? "nothing could be judged"
      : `judged ${grouped(judged)}: missing ${grouped(missing)}`;
  return [
    `${verdict}.`,
    ...(of("unjudged").length > 0 ? ["could not judge:", ...listed("unjudged")] : []),
    ...(of("unsupported").length > 0
      ? [
          "claims that the ledger does not support, and that count for nothing:",
          ...listed("unsupported"),
        ]
      : []),
    ...(ignored > 0
      ? [`${grouped(ignored)} announcement(s) of unknown publishers were not read.`]
      : []),
    ...hints,
    `${grouped(unsequenced)} message(s) came without a sequence: at least once, as MQTT has it.`,
  ];
}

function missingText({ missing, doubt }: AuditLine): string {
  if (doubt !== null) return doubt.kind === "unjudged" ? "not judged" : "unsupported";
  if (missing.length === 0) return "0";
  const shown = missing
    .slice(0, RANGES_SHOWN)
    .map(([from, to]) => (from === to ? from : `${from}-${to}`));
  const more = missing.length > RANGES_SHOWN ? ", …" : "";
  return `${count(missing)} (${shown.join(", ")}${more})`;
}

function timeText(us: number | null): string {
  return us === null ? "never" : new Date(us / 1_000).toISOString().slice(0, 19).replace("T", " ");
}
