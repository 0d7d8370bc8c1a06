import type { Ring } from "@weir/rolling";

/** One attribute of one device. */
export interface Series {
  device: string;
  attribute: string;
  ring: Ring;
  /** The newest row with a reading of it. */
  throughId: number;
  /** When what is to be published changed, on the monotonic clock; `null` when it was published since. */
  changedAtMs: number | null;
  /** When it was published last, on the monotonic clock; `null` when it never was. */
  publishedAtMs: number | null;
}

/** A reading of a device's attribute, out of the row with this id. */
export interface SeriesReading {
  device: string;
  attribute: string;
  /** The whole second in which it was observed. */
  second: number;
  value: number;
  id: number;
}
