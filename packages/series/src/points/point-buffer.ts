import type { Progress } from "../catalogue/stream-catalogue.ts";
import { dayOf } from "./history-folder.ts";
import type { Points } from "./points.ts";

/** The points of one series. */
export interface SeriesPoints {
  topic: string;
  path: string;
  points: Points;
}

const ROWS_FIRST = 16;

/** Collects points in the order of their arrival, until they are written. */
export class PointBuffer {
  /** By topic, then by path. */
  readonly #byTopic = new Map<string, Map<string, ArrivedPoints>>();
  #topic = "";
  #paths: Map<string, ArrivedPoints> | undefined;
  #rows = 0;
  readonly #days = new Set<number>();
  #day = -Infinity;
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
    const arrived = this.#pathsOf(topic).get(path) ?? this.#begin(topic, path);
    arrived.add(us, value);
    this.#rows += 1;
    const day = dayOf(us);
    if (day === this.#day) return;
    this.#day = day;
    this.#days.add(day);
  }

  #pathsOf(topic: string): Map<string, ArrivedPoints> {
    // A message brings several points of one topic.
    if (topic === this.#topic && this.#paths !== undefined) return this.#paths;
    const paths = this.#byTopic.get(topic) ?? new Map<string, ArrivedPoints>();
    this.#byTopic.set(topic, paths);
    this.#topic = topic;
    this.#paths = paths;
    return paths;
  }

  #begin(topic: string, path: string): ArrivedPoints {
    const arrived = new ArrivedPoints();
    this.#pathsOf(topic).set(path, arrived);
    return arrived;
  }

  /** All series in the order of topic and path, each in the order of time. */
  *series(): Generator<SeriesPoints> {
    for (const topic of [...this.#byTopic.keys()].sort()) {
      const paths = this.#byTopic.get(topic) ?? new Map<string, ArrivedPoints>();
      for (const path of [...paths.keys()].sort()) {
        const arrived = paths.get(path);
        if (arrived !== undefined) yield { topic, path, points: arrived.inOrder() };
      }
    }
  }
}

/** Points of one series as they came. */
class ArrivedPoints {
  #us = new Float64Array(ROWS_FIRST);
  #values = new Float64Array(ROWS_FIRST);
  #rows = 0;
  #isOrdered = true;

  add(us: number, value: number): void {
    const row = this.#rows;
    if (row === this.#us.length) {
      this.#us = longer(this.#us);
      this.#values = longer(this.#values);
    }
    if (row > 0 && us < (this.#us[row - 1] as number)) this.#isOrdered = false;
    this.#us[row] = us;
    this.#values[row] = value;
    this.#rows = row + 1;
  }

  inOrder(): Points {
    const us = this.#us.subarray(0, this.#rows);
    const values = this.#values.subarray(0, this.#rows);
    if (this.#isOrdered) return { us, values };
    const order = Uint32Array.from(us.keys()).sort(
      (one, other) => (us[one] as number) - (us[other] as number) || one - other,
    );
    return { us: take(us, order), values: take(values, order) };
  }
}

function longer(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(numbers.length * 2);
  twice.set(numbers);
  return twice;
}

function take(numbers: Float64Array, order: Uint32Array): Float64Array {
  const taken = new Float64Array(order.length);
  for (const [at, index] of order.entries()) taken[at] = numbers[index] as number;
  return taken;
}
