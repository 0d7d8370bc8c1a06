import type { Memory } from "./memory.ts";
import type { Message } from "./message.ts";
import { ownStateOf } from "./own-words.ts";
import type { Path } from "./path.ts";
import { numberOf, stateOf } from "./values.ts";

/** gauge: a value that goes up and down. counter: a sum that grows, and begins again at 0. state: 0 or 1. */
export const KINDS = ["gauge", "counter", "state"] as const;
export type Kind = (typeof KINDS)[number];

/** One number of a message, and when it was observed. */
export interface Point {
  path: Path;
  value: number;
  /** Microseconds since the epoch. */
  observedUs: number;
  /** `null` where the payload does not show it: then a gauge, unless something else says more. */
  kind: Kind | null;
}

/** What is known of a series beside its points. */
export interface About {
  /** For people: "Power of the washing machine". */
  name?: string | undefined;
  /** As the source writes it: `W`, `°C`. */
  unit?: string | undefined;
  /** A device class of Home Assistant: `power`, `temperature`. */
  class?: string | undefined;
  kind?: Kind | undefined;
  /** The device that it belongs to. */
  device?: string | undefined;
}

/** Something known of the series at a topic and a path, on whichever stream. */
export interface Metadata {
  topic: string;
  path: Path;
  /** The family that says so, or "configuration". */
  source: string;
  about: About;
}

/** A part of a payload that became no point, and why. */
export interface Ignored {
  path: Path;
  reason: string;
}

/** Points of one payload at most. */
export const POINTS_MAX = 256;
/** Characters of a path at most, and of a topic. */
const PATH_LENGTH_MAX = 256;
export const TOPIC_LENGTH_MAX = 1_024;
/** Of a path that is too long, as much as shows which it is. */
const SHOWN_LENGTH = 32;
/** Characters of a name, a unit, a class or a device at most. */
const TEXT_LENGTH_MAX = 256;

/** What was read out of one message. */
export class Reading {
  /** The family that read it. */
  family = "auto";
  /** The topic of its series: that of the message unless a family puts several topics together. */
  topic: string;
  readonly points: Point[] = [];
  readonly ignored: Ignored[] = [];
  readonly metadata: Metadata[] = [];
  /** When the message was observed, in microseconds since the epoch. */
  observedUs: number;
  /** Where `observedUs` comes from: a field of the payload, or "reception". */
  timeSource: string;
  /** Whether there were more points than `POINTS_MAX`, paths that are too long, or values that lie too deep. */
  isCut = false;
  readonly #memory: Memory;

  constructor({ topic, receivedUs, storedUs }: Message, memory: Memory) {
    this.#memory = memory;
    this.topic = topic;
    this.observedUs = storedUs ?? receivedUs;
    this.timeSource = timeSourceOf(storedUs);
  }

  /** Takes the time of one part of a payload that has many: where it cannot be used, that of reception. */
  takeTimeOfPart(message: Message, field: string, given: unknown): void {
    const { storedUs, receivedUs } = message;
    this.observedUs = storedUs ?? receivedUs;
    this.timeSource = timeSourceOf(storedUs);
    this.takeTime(message, field, given);
  }

  /** Takes the time of a field, unless it cannot be used. The stream's decoder has precedence. */
  takeTime(message: Message, field: string, given: unknown): void {
    if (message.storedUs !== null || given === undefined || given === null) return;
    const observedUs = message.timeOf(given);
    if (observedUs === null) {
      this.ignore(field, message.timeProblemOf(given));
      return;
    }
    this.observedUs = observedUs;
    this.timeSource = field;
  }

  /**
   * Adds a point.
   *
   * @param observedUs of this point alone, where the payload gives one.
   * @returns false where a limit left it out.
   */
  add(
    path: Path,
    value: number,
    kind: Kind | null = null,
    observedUs: number = this.observedUs,
  ): boolean {
    const problem = this.#limitAt(path);
    if (problem === null) this.points.push({ path, value, observedUs, kind });
    else this.leaveOut(path, problem);
    return problem === null;
  }

  #limitAt(path: Path): string | null {
    if (this.points.length === POINTS_MAX) return `beyond ${POINTS_MAX} points`;
    if (path.length > PATH_LENGTH_MAX) return "the path is too long";
    return this.topic.length > TOPIC_LENGTH_MAX ? "the topic is too long" : null;
  }

  /**
   * Adds a value of a payload: a number, numeric text, a boolean or a word of a pair such as ON and OFF. Anything
   * else is ignored, with the reason.
   */
  addValue(path: Path, given: unknown, about?: About, observedUs: number = this.observedUs): void {
    const number = numberOf(given);
    const state = number === null ? (stateOf(given) ?? this.#ownStateOf(path, given)) : null;
    const value = number ?? state;
    if (value === null) {
      this.ignore(path, reasonOf(given));
      return;
    }
    const isAdded = this.add(path, value, state === null ? null : "state", observedUs);
    if (isAdded && about !== undefined) this.describe(path, about);
  }

  #ownStateOf(path: Path, given: unknown): 0 | 1 | null {
    return typeof given === "string" ? ownStateOf(this.#memory, this.topic, path, given) : null;
  }

  /** Notes what is known of the series at a path. Texts that are too long are left out. */
  describe(path: Path, about: About, topic: string = this.topic): void {
    if (path.length > PATH_LENGTH_MAX || topic.length > TOPIC_LENGTH_MAX) return;
    this.metadata.push({ topic, path, source: this.family, about: withoutLongTexts(about) });
  }

  ignore(path: Path, reason: string): void {
    if (this.ignored.length === POINTS_MAX) return;
    const shown = path.length > PATH_LENGTH_MAX ? `${path.slice(0, SHOWN_LENGTH)}…` : path;
    this.ignored.push({ path: shown, reason });
  }

  /** Notes that a limit left something out. */
  leaveOut(path: Path, reason: string): void {
    this.isCut = true;
    this.ignore(path, reason);
  }
}

const isLong = (text: string | undefined): boolean =>
  text !== undefined && text.length > TEXT_LENGTH_MAX;

function withoutLongTexts(about: About): About {
  const { name, unit, class: deviceClass, device } = about;
  if (!isLong(name) && !isLong(unit) && !isLong(deviceClass) && !isLong(device)) return about;
  return Object.fromEntries(Object.entries(about).filter(([, text]) => !isLong(text)));
}

function timeSourceOf(storedUs: number | null): string {
  return storedUs === null ? "reception" : "the stream's decoder";
}

function reasonOf(given: unknown): string {
  if (given === null) return "no value";
  if (typeof given === "number") return "too large for a measurement";
  return typeof given === "string" ? "text" : "neither a number nor a state";
}
