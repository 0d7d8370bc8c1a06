import type { StateChange } from "./changes.ts";
import type { RunningFlow, RunningNode } from "./running-flow.ts";
import { WakeUps } from "./wake-ups.ts";

/** Keys that one node keeps states for at most. */
const KEYS_MAX = 20_000;
/** A full node forgets keys of which it has heard nothing for so long, and looks for them so often. */
const UNUSED_MS = 7 * 86_400_000;
const FULL_LOOK_MS = 60_000;

/** A state that was kept by an earlier engine. */
export interface KeptState {
  flow: string;
  node: string;
  key: string;
  state: unknown;
  wakeMs: number | null;
}

/** What nodes keep by key, when they want to be woken, and what of it has changed since the last commit. */
export class States {
  readonly #wakeUps = new WakeUps();
  readonly #changed = new Set<RunningNode>();

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** The earliest wake-up; `null` for none. */
  next(): ReturnType<WakeUps["next"]> {
    return this.#wakeUps.next();
  }

  /** Removes what `next` returned last. */
  take(): void {
    this.#wakeUps.take();
  }

  keep(
    node: RunningNode,
    key: string,
    { state, wakeMs, keptMs }: { state: unknown; wakeMs: number | null; keptMs: number },
  ): void {
    const cell = node.cells.get(key);
    const wasMs = cell?.wakeMs ?? null;
    if (cell === undefined) node.cells.set(key, { state, wakeMs, keptMs });
    else {
      cell.state = state;
      cell.wakeMs = wakeMs;
      cell.keptMs = keptMs;
    }
    if (wakeMs !== null && wakeMs !== wasMs) this.#wakeUps.add(wakeMs, node, key);
    this.#note(node, key);
  }

  forget(node: RunningNode, key: string): void {
    if (node.cells.delete(key)) this.#note(node, key);
  }

  /**
   * Whether a node may keep another key. A full one forgets those of which it has heard nothing for long; a client that
   * invents keys drives out none that are in use, and stops nothing.
   */
  hasRoom(node: RunningNode, nowMs: number): boolean {
    const { cells } = node;
    if (cells.size < KEYS_MAX) {
      node.full = null;
      return true;
    }
    if (node.full === null || nowMs >= node.full.lookMs) {
      for (const [key, { wakeMs, keptMs }] of cells) {
        if (wakeMs === null && keptMs <= nowMs - UNUSED_MS) this.forget(node, key);
      }
      const problem = `${node.name} has states for ${KEYS_MAX} keys; new ones are left out until one of them was not used for a week`;
      node.full = { problem, lookMs: nowMs + FULL_LOOK_MS };
    }
    return cells.size < KEYS_MAX;
  }

  /** The wake-up of a key is happening. @returns whether the key has a state. */
  wakes(node: RunningNode, key: string): boolean {
    const cell = node.cells.get(key);
    if (cell === undefined) return false;
    cell.wakeMs = null;
    this.#note(node, key);
    return true;
  }

  /** Wake-ups that came while the workflow was stopped happen now. */
  wakeAgain({ nodes }: RunningFlow): void {
    for (const node of nodes.values()) {
      for (const [key, { wakeMs }] of node.cells) {
        if (wakeMs !== null) this.#wakeUps.add(wakeMs, node, key);
      }
    }
  }

  /** Nodes that have not changed keep their states; those of the others are forgotten. */
  handOver(before: RunningFlow, after: RunningFlow | undefined): void {
    for (const old of before.nodes.values()) {
      const node = after?.nodes.get(old.name);
      const isSame = node !== undefined && node.hash === old.hash;
      const { cells } = old;
      // Its wake-ups no longer hold: it must not go on by its former wires.
      old.cells = new Map();
      if (!isSame) {
        for (const key of cells.keys()) this.#note(old, key);
        continue;
      }
      for (const [key, cell] of cells) {
        node.cells.set(key, cell);
        if (cell.wakeMs !== null) this.#wakeUps.add(cell.wakeMs, node, key);
      }
      for (const key of old.changed) this.#note(node, key);
      old.changed.clear();
    }
  }

  /** Takes over what an earlier engine has kept. What no longer fits the node's type is left out. */
  restore(
    flows: ReadonlyMap<string, RunningFlow>,
    kept: Iterable<KeptState>,
    keptMs: number,
  ): void {
    for (const { flow, node: name, key, state, wakeMs } of kept) {
      const node = flows.get(flow)?.nodes.get(name);
      const parsed = node?.type.state?.safeParse(state);
      if (node === undefined || parsed?.success !== true) continue;
      node.cells.set(key, { state: parsed.data, wakeMs, keptMs });
      if (wakeMs !== null) this.#wakeUps.add(wakeMs, node, key);
    }
  }

  takeChanges(): StateChange[] {
    const changes: StateChange[] = [];
    for (const node of this.#changed) {
      const { name: flow } = node.flow.definition;
      for (const key of node.changed) {
        changes.push({ flow, node: node.name, key, cell: node.cells.get(key) ?? null });
      }
      node.changed.clear();
    }
    this.#changed.clear();
    return changes;
  }

  #note(node: RunningNode, key: string): void {
    node.changed.add(key);
    this.#changed.add(node);
  }
}
