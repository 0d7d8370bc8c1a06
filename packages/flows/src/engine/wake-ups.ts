import type { RunningNode } from "./running-flow.ts";

/** So many may no longer hold before they are removed; what is set again and again for later would fill the memory. */
const SURPLUS_MAX = 1_000;

interface WakeUp {
  atMs: number;
  /** Of two at the same time the one that was set first comes first. */
  order: number;
  node: RunningNode;
  key: string;
}

/** When which node wants to be woken: a heap, of which the earliest is the root. */
export class WakeUps {
  readonly #heap: WakeUp[] = [];
  #order = 0;
  /** How many there may be before those are removed that no longer hold. */
  #sizeMax = SURPLUS_MAX;

  /** How many are remembered. */
  get size(): number {
    return this.#heap.length;
  }

  add(atMs: number, node: RunningNode, key: string): void {
    if (this.#heap.length >= this.#sizeMax) this.#removeSurplus();
    this.#order += 1;
    const heap = this.#heap;
    const added = { atMs, order: this.#order, node, key };
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isEarlier(added, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = added;
  }

  /** The earliest one that still holds; `null` for none. One that was replaced or forgotten is left out. */
  next(): Readonly<WakeUp> | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      if (holds(first)) return first;
      this.#removeFirst();
    }
  }

  /** Removes what `next` returned last. */
  take(): void {
    this.#removeFirst();
  }

  #removeSurplus(): void {
    const byCell = new Map<unknown, WakeUp>();
    for (const one of this.#heap) {
      if (holds(one)) byCell.set(one.node.cells.get(one.key), one);
    }
    const held = [...byCell.values()];
    // What is in order is a heap.
    held.sort((one, other) => (isEarlier(one, other) ? -1 : 1));
    this.#heap.length = 0;
    for (const one of held) this.#heap.push(one);
    this.#sizeMax = 2 * held.length + SURPLUS_MAX;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let earlier = left;
      if (right !== undefined && isEarlier(right, left)) {
        child += 1;
        earlier = right;
      }
      if (!isEarlier(earlier, last)) break;
      heap[at] = earlier;
      at = child;
    }
    heap[at] = last;
  }
}

/** Whether it was not replaced or forgotten. */
function holds({ node, key, atMs }: WakeUp): boolean {
  return node.cells.get(key)?.wakeMs === atMs;
}

function isEarlier(one: WakeUp, other: WakeUp): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
