import { ENTRIES_MAX, type ReceiptEntry } from "@weir/messages";

type Ranges = ReceiptEntry["ranges"];

/** What one stream's ledger has of a publisher. */
export interface LedgerEntries {
  entries: readonly ReceiptEntry[];
  /** Whether the stream takes this topic: then it must have a message before that is receipted. */
  takes: (topic: string) => boolean;
}

/**
 * The receipt over several streams: of each epoch and topic, the messages that every stream has which
 * takes that topic. A stream that has none of it yet holds the receipt back.
 */
export function combineEntries(ledgers: readonly LedgerEntries[]): ReceiptEntry[] {
  const [only] = ledgers;
  if (only !== undefined && ledgers.length === 1) {
    return only.entries.filter(({ topic }) => only.takes(topic));
  }
  const combined = new Map<string, ReceiptEntry>();
  for (const { entries } of ledgers) {
    for (const { epoch, topic } of entries) {
      const key = JSON.stringify([epoch, topic]);
      if (combined.has(key)) continue;
      const entry = intersectAll(epoch, topic, ledgers);
      if (entry !== null) combined.set(key, entry);
    }
  }
  return [...combined.values()].slice(0, ENTRIES_MAX);
}

function intersectAll(
  epoch: string,
  topic: string,
  ledgers: readonly LedgerEntries[],
): ReceiptEntry | null {
  const taking = ledgers.filter(({ takes }) => takes(topic));
  let common: ReceiptEntry | null = null;
  for (const { entries } of taking) {
    const entry = entries.find((one) => one.epoch === epoch && one.topic === topic);
    if (entry === undefined) return null;
    common = common === null ? entry : intersect(common, entry);
  }
  return common;
}

function intersect(a: ReceiptEntry, b: ReceiptEntry): ReceiptEntry {
  const through = Math.min(a.through, b.through);
  return { ...a, through, ranges: commonRanges(spans(a), spans(b), through) };
}

function spans({ through, ranges }: ReceiptEntry): Ranges {
  return through > 0 ? [[1, through], ...ranges] : ranges;
}

/** What is in both, beyond `through`. Both are ascending, and so is the result. */
function commonRanges(a: Ranges, b: Ranges, through: number): Ranges {
  const common: Ranges = [];
  let at = 0;
  let bt = 0;
  for (let x = a[at], y = b[bt]; x !== undefined && y !== undefined; x = a[at], y = b[bt]) {
    const from = Math.max(x[0], y[0], through + 1);
    const to = Math.min(x[1], y[1]);
    if (from <= to) common.push([from, to]);
    if (x[1] <= y[1]) at += 1;
    else bt += 1;
  }
  return common;
}
