import type { HeardConnection, HeardMessage, HeardPoint } from "../node/node.ts";

/** Something stored that a workflow hears. */
export interface StoredEvent {
  /** When it happens for the workflow, in milliseconds since the epoch. */
  atMs: number;
  stream: string;
  /** The path of a reading; empty for anything else. */
  path: string;
  heard: HeardPoint | HeardMessage | HeardConnection;
}

/** Events in the order of time, some at once. */
export type EventSequence = AsyncGenerator<readonly StoredEvent[]>;

interface Head {
  sequence: EventSequence;
  events: readonly StoredEvent[];
  at: number;
}

/** Several sequences as one. */
export async function* inOrderOfTime(sequences: readonly EventSequence[]): EventSequence {
  const heads: Head[] = [];
  try {
    for (const sequence of sequences) {
      const head: Head = { sequence, events: [], at: 0 };
      heads.push(head);
      await fill(head);
    }
    for (;;) {
      const open = heads.filter(({ events }) => events.length > 0);
      const [first, second] = open.toSorted((one, other) => headMs(one) - headMs(other));
      if (first === undefined) return;
      const untilMs = second === undefined ? Number.POSITIVE_INFINITY : headMs(second);
      let end = first.at + 1;
      while (end < first.events.length && (first.events[end]?.atMs ?? 0) <= untilMs) end += 1;
      yield first.events.slice(first.at, end);
      first.at = end;
      if (end === first.events.length) await fill(first);
    }
  } finally {
    for (const { sequence } of heads) await sequence.return(undefined);
  }
}

function headMs({ events, at }: Head): number {
  return events[at]?.atMs ?? Number.POSITIVE_INFINITY;
}

/** The next events of a sequence; none at its end. */
async function fill(head: Head): Promise<void> {
  for (;;) {
    const next = await head.sequence.next();
    head.events = next.done === true ? [] : next.value;
    head.at = 0;
    if (next.done === true || head.events.length > 0) return;
  }
}
