import Table from "cli-table3";
import { type AuditLine, count } from "./reconcile.ts";

const EPOCH_SHOWN = 8;
const RANGES_SHOWN = 5;

/** The audit as a table for a terminal, with a sentence on what it means. */
export function renderAudit(lines: readonly AuditLine[], unsequenced: number): string {
  const table = new Table({
    head: [
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
    ],
    style: { head: [], border: [] },
  });
  for (const line of lines) {
    table.push([
      line.stream ?? "none",
      line.publisher,
      line.epoch.slice(0, EPOCH_SHOWN),
      line.topic,
      line.accepted ?? "not announced",
      line.received,
      line.duplicates,
      line.waiting ?? "-",
      line.abandoned,
      line.filtered,
      missingText(line),
      timeText(line.lastReceivedUs),
    ]);
  }
  const missing = lines.reduce((sum, line) => sum + count(line.missing), 0);
  const others = `${unsequenced} message(s) came without a sequence: at least once, as MQTT has it.`;
  return `${table.toString()}\nmissing ${missing}. ${others}\n`;
}

function missingText({ missing }: AuditLine): string {
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
