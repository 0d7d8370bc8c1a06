import type { Effect } from "@weir/flows";
import type { ActionLog, WaitingAction } from "../../src/actions/action-log.ts";

interface Entry extends WaitingAction {
  notBeforeMs: number;
  problem: string | null;
  hasEnded: boolean;
}

/** The actions of a test, which outlive an `Actions` as those of the outbox do. */
export class MemoryLog implements ActionLog {
  readonly entries: Entry[] = [];
  /** Commits that have begun actions. */
  begins = 0;

  add(effect: Effect, atMs: number, lateMs = 3_600_000): number {
    const id = this.entries.length + 1;
    this.entries.push({
      ...{ id, run: 1, flow: "flow", node: "node", key: `store-${id}`, atMs, lateMs },
      ...{ attempts: 0, state: "waiting", effect, data: {}, notBeforeMs: atMs },
      ...{ problem: null, hasEnded: false },
    });
    return id;
  }

  end(id: number): void {
    this.entry(id).hasEnded = true;
  }

  entry(id: number): Entry {
    const entry = this.entries[id - 1];
    if (entry === undefined) throw new Error(`there is no action ${id}`);
    return entry;
  }

  interrupted(): WaitingAction[] {
    return this.#open().filter(({ state }) => state !== "waiting");
  }

  due(kind: Effect["kind"], nowMs: number, limit: number): WaitingAction[] {
    return this.#waiting()
      .filter(({ effect, notBeforeMs }) => effect.kind === kind && notBeforeMs <= nowMs)
      .sort((a, b) => a.notBeforeMs - b.notBeforeMs || a.id - b.id)
      .slice(0, limit)
      .map((entry) => ({ ...entry }));
  }

  nextDueMs(kind: Effect["kind"]): number | null {
    const times = this.#waiting()
      .filter(({ effect }) => effect.kind === kind)
      .map(({ notBeforeMs }) => notBeforeMs);
    return times.length === 0 ? null : Math.min(...times);
  }

  begin(ids: readonly number[]): void {
    this.begins += 1;
    for (const entry of ids.map((id) => this.entry(id))) {
      entry.attempts += 1;
      entry.state = "doing";
    }
  }

  handOver(id: number): void {
    this.entry(id).state = "handed over";
  }

  retry(id: number, problem: string, notBeforeMs: number): void {
    Object.assign(this.entry(id), { state: "waiting", problem, notBeforeMs });
  }

  #open(): Entry[] {
    return this.entries.filter(({ hasEnded }) => !hasEnded);
  }

  #waiting(): Entry[] {
    return this.#open().filter(({ state }) => state === "waiting");
  }
}
