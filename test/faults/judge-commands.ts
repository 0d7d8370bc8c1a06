import type { CommandAck, CommandStatus } from "@weir/protocol";
import type { Count } from "./start-judge.ts";

/** What was seen from outside: what was sent, what was told, what was executed. */
export interface CommandEvidence {
  /** The ids that the broker has taken. */
  sent: ReadonlySet<string>;
  acks: readonly CommandAck[];
  /** An id for each execution. */
  executed: readonly string[];
}

/** Holds what a device has told against what it has done. The journal is not asked. */
export function judgeCommands({ sent, acks, executed }: CommandEvidence): {
  count: Count;
  problems: string[];
  notes: string[];
} {
  const ends = endsOf(acks);
  const times = Map.groupBy(executed, (id) => id);
  const timesOf = (id: string): number => times.get(id)?.length ?? 0;
  const endOf = (id: string): CommandStatus | undefined => [...(ends.get(id) ?? [])][0];
  const all = [...sent];
  const those = (what: string, ids: readonly string[]): string | null =>
    ids.length === 0 ? null : `${ids.length} ${what}: ${ids.slice(0, 5).join(", ")}`;
  const notExecuted = new Set<CommandStatus | undefined>(["expired", "rejected"]);

  const problems = [
    those(
      "executed more than once",
      all.filter((id) => timesOf(id) > 1),
    ),
    those(
      "without an end",
      all.filter((id) => endOf(id) === undefined),
    ),
    those(
      "with several ends",
      all.filter((id) => (ends.get(id)?.size ?? 0) > 1),
    ),
    those(
      "done and not executed once",
      all.filter((id) => endOf(id) === "done" && timesOf(id) !== 1),
    ),
    those(
      "executed and told not to be",
      all.filter((id) => notExecuted.has(endOf(id)) && timesOf(id) > 0),
    ),
    those(
      "executed that nobody sent",
      [...times.keys()].filter((id) => !sent.has(id)),
    ),
    those(
      "told of that nobody sent",
      [...ends.keys()].filter((id) => !sent.has(id)),
    ),
  ].filter((problem) => problem !== null);
  const ended = all.filter((id) => endOf(id) !== undefined);
  const figures = Map.groupBy(ended, (id) => String(endOf(id)));
  return {
    count: {
      created: sent.size,
      stored: ended.length,
      lost: sent.size - ended.length,
      duplicate: executed.length - times.size,
      invented: [...times.keys()].filter((id) => !sent.has(id)).length,
    },
    problems,
    notes: [[...figures].map(([status, ids]) => `${ids.length} ${status}`).join(", ")],
  };
}

/** A duplicate is the end of a message, not of the command whose id it has. */
function endsOf(acks: readonly CommandAck[]): Map<string, Set<CommandStatus>> {
  const ends = new Map<string, Set<CommandStatus>>();
  for (const { id, status } of acks) {
    if (id === null || ["received", "running", "duplicate"].includes(status)) continue;
    const told = ends.get(id) ?? new Set();
    ends.set(id, told.add(status));
  }
  return ends;
}
