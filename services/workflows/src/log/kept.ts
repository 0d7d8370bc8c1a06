import type { Changes, FlowDefinition, Kept } from "@weir/flows";
import type { RowPosition } from "@weir/store";
import type { Database } from "better-sqlite3";
import { NodeStates } from "./node-states.ts";

/** The workflows that run from now on. */
export interface RunningSet {
  flows: readonly FlowDefinition[];
  /** Names of those that cannot run now, and whose states wait for them. */
  waiting: ReadonlySet<string>;
}

/** What the engine knows: states, stored values, stops, and up to where the streams were taken. */
export class KeptState {
  readonly states: NodeStates;
  readonly #statements: ReturnType<typeof prepare>;
  /** Of the workflows that run. */
  #hashes: ReadonlyMap<string, string> = new Map();

  constructor(database: Database) {
    this.states = new NodeStates(database);
    this.#statements = prepare(database);
  }

  /** What was kept of workflows. A node that has changed since begins without. */
  of(flows: readonly FlowDefinition[]): Pick<Kept, "states" | "stops"> {
    const { hashOf, stopOf } = this.#statements;
    const states: KeptStateRow[] = [];
    const stops: { flow: string; reason: string; atMs: number }[] = [];
    for (const { name: flow, hash, nodes } of flows) {
      for (const node of nodes) {
        const kept = hashOf.get(flow, node.name) as { hash: string } | undefined;
        if (kept?.hash !== node.hash) continue;
        for (const { key, json, wakeMs } of this.states.of(flow, node.name)) {
          states.push({ flow, node: node.name, key, state: JSON.parse(json), wakeMs });
        }
      }
      const stop = stopOf.get(flow) as { hash: string; reason: string; atMs: number } | undefined;
      if (stop?.hash === hash) stops.push({ flow, reason: stop.reason, atMs: stop.atMs });
    }
    return { states, stops };
  }

  stored(): { name: string; value: unknown }[] {
    const rows = this.#statements.stored.all() as { name: string; json: string }[];
    return rows.map(({ name, json }) => ({ name, value: JSON.parse(json) }));
  }

  positions(): Map<string, RowPosition> {
    const rows = this.#statements.positions.all() as (RowPosition & { stream: string })[];
    return new Map(rows.map(({ stream, segment, id }) => [stream, { segment, id }]));
  }

  /** A number that was noted; `null` where there is none. */
  number(name: "engine time" | "next run"): number | null {
    const row = this.#statements.about.get(name) as { value: number } | undefined;
    return row?.value ?? null;
  }

  /** A commit is durable. */
  kept(running: RunningSet | null): void {
    this.states.kept();
    if (running !== null) this.#hashes = hashesOf(running);
  }

  // What follows is part of a commit; once it is durable, `kept` has to be called.

  note(name: "engine time" | "next run", value: number): void {
    this.#statements.note.run(name, value);
  }

  move(stream: string, position: RowPosition | null): void {
    if (position === null) this.#statements.forgetPosition.run(stream);
    else this.#statements.move.run(stream, position.segment, position.id);
  }

  /** @param running the workflows, where they have changed with this commit. */
  change({ states, stored, stops }: Changes, running: RunningSet | null): void {
    const { store, stop, resume } = this.#statements;
    const hashes = running === null ? this.#hashes : hashesOf(running);
    this.states.append(states);
    for (const { name, value } of stored) store.run(name, JSON.stringify(value) ?? "null");
    for (const { flow, reason, atMs } of stops) {
      if (reason === null) resume.run(flow);
      else stop.run(flow, hashes.get(flow) ?? "", reason, atMs);
    }
  }

  resume(flow: string): void {
    this.#statements.resume.run(flow);
  }

  /** Forgets what belongs to no node that runs, or to a node as it was before. */
  run(running: RunningSet): void {
    const { flows, waiting } = running;
    const { nodes, forgetNode, noteNode, stops, resume } = this.#statements;
    const before = nodes.all() as { flow: string; node: string; hash: string }[];
    const known = new Map(before.map(({ flow, node, hash }) => [`${flow}.${node}`, hash]));
    for (const { name: flow, nodes: own } of flows) {
      for (const { name: node, hash } of own) {
        const id = `${flow}.${node}`;
        if (known.get(id) !== hash) {
          this.states.forgetAll(flow, node);
          noteNode.run(flow, node, hash);
        }
        known.delete(id);
      }
    }
    for (const { flow, node } of before) {
      if (waiting.has(flow) || !known.has(`${flow}.${node}`)) continue;
      this.states.forgetAll(flow, node);
      forgetNode.run(flow, node);
    }
    const hashes = hashesOf(running);
    for (const { flow, hash } of stops.all() as { flow: string; hash: string }[]) {
      if (!waiting.has(flow) && hashes.get(flow) !== hash) resume.run(flow);
    }
  }
}

const hashesOf = ({ flows }: RunningSet): Map<string, string> =>
  new Map(flows.map(({ name, hash }) => [name, hash]));

type KeptStateRow = Kept["states"] extends Iterable<infer S> ? S : never;

function prepare(database: Database) {
  return {
    about: database.prepare("SELECT value FROM about WHERE name = ?"),
    note: database.prepare("REPLACE INTO about VALUES (?, ?)"),
    positions: database.prepare("SELECT stream, segment, id FROM positions"),
    move: database.prepare("REPLACE INTO positions VALUES (?, ?, ?)"),
    forgetPosition: database.prepare("DELETE FROM positions WHERE stream = ?"),
    hashOf: database.prepare("SELECT hash FROM nodes WHERE flow = ? AND node = ?"),
    nodes: database.prepare("SELECT flow, node, hash FROM nodes"),
    noteNode: database.prepare("REPLACE INTO nodes VALUES (?, ?, ?)"),
    forgetNode: database.prepare("DELETE FROM nodes WHERE flow = ? AND node = ?"),
    stored: database.prepare("SELECT name, json FROM stored"),
    store: database.prepare("REPLACE INTO stored VALUES (?, ?)"),
    stops: database.prepare("SELECT flow, hash FROM stops"),
    stopOf: database.prepare("SELECT hash, reason, at_ms AS atMs FROM stops WHERE flow = ?"),
    stop: database.prepare("REPLACE INTO stops VALUES (?, ?, ?, ?)"),
    resume: database.prepare("DELETE FROM stops WHERE flow = ?"),
  };
}
