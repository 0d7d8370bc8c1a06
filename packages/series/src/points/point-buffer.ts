import type { Progress } from "../catalogue/stream-catalogue.ts";
import type { Points } from "../points-file/points.ts";
import { DAY_US, dayOf } from "./history-folder.ts";

/** The points of one series. */
export interface SeriesPoints {
  topic: string;
  path: string;
  points: Points;
}

const ROWS_FIRST = 4_096;

/**
 * Collects points in the order of their arrival, until they are written. All series share a few long arrays, because
 * thousands of short ones that grow would take several times as long.
 */
export class PointBuffer {
  /** The number of each series, by topic, then by path. */
  readonly #byTopic = new Map<string, Map<string, number>>();
  #topic = "";
  #paths: Map<string, number> | undefined;
  #seriesCount = 0;
  #us = new Float64Array(ROWS_FIRST);
  #values = new Float64Array(ROWS_FIRST);
  /** The number of the series of each point. */
  #series = new Uint32Array(ROWS_FIRST);
  #rows = 0;
  readonly #days = new Set<number>();
  /** Of the last point. */
  #day = { fromUs: 0, toUs: 0 };
  #through: Progress | null = null;
  #passedRows = 0;

  /** How many points there are. */
  get rows(): number {
    return this.#rows;
  }

  /** On how many UTC days they were observed. */
  get days(): number {
    return this.#days.size;
  }

  /** The last row that was passed; `null` for none. */
  get through(): Progress | null {
    return this.#through;
  }

  /** Whether every point is of a row that was passed. */
  get isPassed(): boolean {
    return this.#passedRows === this.#rows;
  }

  /** All points of this row have been added. */
  pass(row: Progress): void {
    this.#through = row;
    this.#passedRows = this.#rows;
  }

  add(topic: string, path: string, us: number, value: number): void {
    const row = this.#rows;
    if (row === this.#us.length) this.#grow();
    this.#us[row] = us;
    this.#values[row] = value;
    this.#series[row] = this.#pathsOf(topic).get(path) ?? this.#begin(topic, path);
    this.#rows = row + 1;
    if (us >= this.#day.fromUs && us < this.#day.toUs) return;
    const day = dayOf(us);
    this.#day = { fromUs: day * DAY_US, toUs: (day + 1) * DAY_US };
    this.#days.add(day);
  }

  /** All series in the order of topic and path, each in the order of time. */
  *series(): Generator<SeriesPoints> {
    const { points, ends } = this.#bySeries();
    for (const topic of [...this.#byTopic.keys()].sort()) {
      const paths = this.#byTopic.get(topic) ?? new Map<string, number>();
      for (const path of [...paths.keys()].sort()) {
        const number = paths.get(path) ?? 0;
        const [from, to] = [ends[number - 1] ?? 0, ends[number]];
        const us = points.us.subarray(from, to);
        const values = points.values.subarray(from, to);
        yield { topic, path, points: inOrder({ us, values }) };
      }
    }
  }

  #pathsOf(topic: string): Map<string, number> {
    // A message brings several points of one topic.
    if (topic === this.#topic && this.#paths !== undefined) return this.#paths;
    const paths = this.#byTopic.get(topic) ?? new Map<string, number>();
    this.#byTopic.set(topic, paths);
    this.#topic = topic;
    this.#paths = paths;
    return paths;
  }

  #begin(topic: string, path: string): number {
    const number = this.#seriesCount++;
    this.#pathsOf(topic).set(path, number);
    return number;
  }

  #grow(): void {
    const longer = <T extends Float64Array | Uint32Array>(column: T, twice: T): T => {
      twice.set(column);
      return twice;
    };
    const rows = this.#rows * 2;
    this.#us = longer(this.#us, new Float64Array(rows));
    this.#values = longer(this.#values, new Float64Array(rows));
    this.#series = longer(this.#series, new Uint32Array(rows));
  }

  /** The points of each series behind each other, in the order of arrival, and where those of each end. */
  #bySeries(): { points: Points; ends: Uint32Array } {
    const rows = this.#rows;
    const next = new Uint32Array(this.#seriesCount + 1);
    for (let row = 0; row < rows; row++) {
      const after = (this.#series[row] as number) + 1;
      next[after] = (next[after] as number) + 1;
    }
    for (let number = 0; number < this.#seriesCount; number++) {
      next[number + 1] = (next[number + 1] as number) + (next[number] as number);
    }
    const points = { us: new Float64Array(rows), values: new Float64Array(rows) };
    for (let row = 0; row < rows; row++) {
      const number = this.#series[row] as number;
      const at = next[number] as number;
      points.us[at] = this.#us[row] as number;
      points.values[at] = this.#values[row] as number;
      next[number] = at + 1;
    }
    return { points, ends: next };
  }
}

/** @param points in the order of arrival. */
function inOrder({ us, values }: Points): Points {
  const isOrdered = us.every((at, index) => index === 0 || (us[index - 1] as number) <= at);
  if (isOrdered) return { us, values };
  const order = Uint32Array.from(us.keys()).sort(
    (one, other) => (us[one] as number) - (us[other] as number) || one - other,
  );
  return { us: take(us, order), values: take(values, order) };
}

function take(numbers: Float64Array, order: Uint32Array): Float64Array {
  const taken = new Float64Array(order.length);
  for (const [at, index] of order.entries()) taken[at] = numbers[index] as number;
  return taken;
}
