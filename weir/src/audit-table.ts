import { visible } from "@weir/runtime";
import { grouped } from "./command-line.ts";
import { type AuditLine, count, type Doubt, type Tally } from "./reconcile.ts";

/** What is said below the table. */
export interface AuditNotes extends Tally {
  /** Messages of publishers without an outbox. */
  unsequenced: number;
  /** Announcements that were not looked at. */
  ignored: number;
  /** What else an operator should know, in sentences. */
  hints: readonly string[];
}

/** How many lines and doubts are printed without `--all`. */
export const SHOWN_MAX = 100;

const EPOCH_SHOWN = 8;
const RANGES_SHOWN = 5;
const TOPIC_SHOWN = 60;

const HEAD = [
  "stream",
  "publisher",
  "epoch",
  "topic",
  "accepted",
  "received",
  "duplicates",
  "waiting",
  "abandoned",
  "filtered",
  "missing",
  "last seen (UTC)",
];

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
      const table = count === 0 ? [] : [columns([HEAD, ...shown.map(cellsOf)])];
      const cut = count - shown.length;
      if (cut > 0) table.push(`… and ${grouped(cut)} more lines; --all or --json has them.`);
      return `${[...table, ...sentences(notes, shownMax)].join("\n")}\n`;
    },
  };
}

function cellsOf(line: AuditLine): string[] {
  const { topic } = line;
  return [
    line.stream ?? "none",
    visible(line.publisher),
    visible(line.epoch.slice(0, EPOCH_SHOWN)),
    visible(topic.length > TOPIC_SHOWN ? `${topic.slice(0, TOPIC_SHOWN)}…` : topic),
    line.accepted === null ? "not announced" : String(line.accepted),
    String(line.received),
    String(line.duplicates),
    line.waiting === null ? "-" : String(line.waiting),
    String(line.abandoned),
    String(line.filtered),
    missingText(line),
    timeText(line.lastReceivedUs),
  ];
}

/** Columns as wide as what is in them. (A table of cli-table3 takes the square of its lines in time.) */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, at) =>
    rows.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), 0),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
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
