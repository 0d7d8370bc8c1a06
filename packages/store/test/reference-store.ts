import { outcomeOf } from "@weir/protocol";
import type { Filed, LedgerLine, NewRow } from "@weir/store";
import type { LedgerLimits } from "../src/ledger/account.ts";

/** A row as a reader sees it. */
export type ReferenceRow = Omit<NewRow, "sequence" | "isFiltered"> & { id: number };

interface ReferenceAccount extends Omit<LedgerLine, "account"> {
  seqs: Set<number>;
}

/** What a store promises, without any thought of speed: sets of numbers, and a copy for each batch. */
export interface ReferenceStore {
  append(rows: readonly NewRow[]): Filed[];
  removeRows(): void;
  rows(): ReferenceRow[];
  ledger(): LedgerLine[];
  unsequenced(): number;
}

export function createReferenceStore(limits: LedgerLimits): ReferenceStore {
  let nextId = 1;
  let rows: ReferenceRow[] = [];
  let unsequenced = 0;
  const accounts = new Map<string, ReferenceAccount>();

  function enter({ sequence, topic, receivedUs, isFiltered }: NewRow): Filed {
    if (sequence === null) {
      if (!isFiltered) unsequenced += 1;
      return isFiltered ? "filtered" : "unsequenced";
    }
    const { publisher, epoch, seq } = sequence;
    const key = `${publisher} ${epoch} ${topic}`;
    const account = accounts.get(key) ?? emptyAccount(publisher, epoch, topic);
    if (!fits(account.seqs, seq, limits)) return isFiltered ? "filtered" : "beyond limits";
    accounts.set(key, account);
    account.lastReceivedUs = receivedUs;
    if (account.seqs.has(seq)) {
      account.duplicates += 1;
      return "duplicate";
    }
    account.seqs.add(seq);
    for (const forgotten of tooMany(account.seqs, limits)) account.seqs.delete(forgotten);
    account[isFiltered ? "filtered" : "received"] += 1;
    return isFiltered ? "filtered" : "new";
  }

  function store({ sequence: _, isFiltered: __, ...row }: NewRow, filed: Filed): void {
    if (filed === "duplicate" || filed === "filtered") return;
    const isFlagged = filed === "beyond limits" && row.outcome === 0;
    const outcome = isFlagged ? outcomeOf("beyond the ledger's limits").code : row.outcome;
    rows.push({ ...row, outcome, id: nextId });
    nextId += 1;
  }

  return {
    append: (batch) =>
      batch.map((row) => {
        const filed = enter(row);
        store(row, filed);
        return filed;
      }),
    removeRows: () => {
      rows = [];
    },
    rows: () => rows,
    ledger: () =>
      [...accounts.values()].map(({ seqs, ...line }) => ({ ...line, account: accountOf(seqs) })),
    unsequenced: () => unsequenced,
  };
}

function emptyAccount(publisher: string, epoch: string, topic: string): ReferenceAccount {
  const counts = { received: 0, duplicates: 0, filtered: 0, lastReceivedUs: 0 };
  return { publisher, epoch, topic, ...counts, seqs: new Set() };
}

function fits(seqs: ReadonlySet<number>, seq: number, limits: LedgerLimits): boolean {
  const isJump = seqs.size > 0 && seq - Math.max(...seqs) > limits.jumpMax;
  return !isJump && !tooMany(new Set([...seqs, seq]), limits).includes(seq);
}

/** The last of the shortest ranges, where there is one too many. */
function tooMany(seqs: ReadonlySet<number>, { rangesMax }: LedgerLimits): number[] {
  const { ranges } = accountOf(seqs);
  if (ranges.length <= rangesMax) return [];
  const length = ([from, to]: [number, number]): number => to - from + 1;
  const shortest = Math.min(...ranges.map(length));
  const last = ranges.filter((range) => length(range) === shortest).at(-1);
  return last === undefined ? [] : Array.from({ length: shortest }, (_, index) => last[0] + index);
}

function accountOf(seqs: ReadonlySet<number>): { through: number; ranges: [number, number][] } {
  let through = 0;
  while (seqs.has(through + 1)) through += 1;
  const ranges: [number, number][] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    if (seq <= through) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return { through, ranges };
}
