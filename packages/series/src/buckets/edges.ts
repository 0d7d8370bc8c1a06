/** The length of buckets. */
interface Step {
  name: string;
  /** About so long, where it is one of the calendar. */
  seconds: number;
  /** `null` for a length by the clock. */
  calendar: { days: 1 | 7 } | { months: number } | null;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const DAY_US = DAY * 1_000_000;

const stepsOf = (unit: string, unitSeconds: number, counts: readonly number[]): Step[] =>
  counts.map((count) => ({
    name: `${count}${unit}`,
    seconds: count * unitSeconds,
    calendar: null,
  }));

/** The shortest first. */
const STEPS: readonly Step[] = [
  ...stepsOf("s", 1, [1, 2, 5, 10, 15, 30]),
  ...stepsOf("m", 60, [1, 2, 5, 10, 15, 30]),
  ...stepsOf("h", HOUR, [1, 2, 3, 4, 6, 8, 12]),
  { name: "1d", seconds: DAY, calendar: { days: 1 } },
  { name: "1w", seconds: 7 * DAY, calendar: { days: 7 } },
  { name: "1 month", seconds: MONTH, calendar: { months: 1 } },
  { name: "3 months", seconds: 3 * MONTH, calendar: { months: 3 } },
  { name: "1 year", seconds: 12 * MONTH, calendar: { months: 12 } },
  { name: "10 years", seconds: 120 * MONTH, calendar: { months: 120 } },
  { name: "100 years", seconds: 1_200 * MONTH, calendar: { months: 1_200 } },
];

export interface Edges {
  /** `null` for one bucket, which is as long as it was asked for. */
  step: string | null;
  /** Where buckets begin and end, in microseconds since the epoch. The bucket before the first one is there, too. */
  us: readonly number[];
}

/**
 * Divides a span of time into at most so many buckets of the shortest natural step. Whole buckets: the first one
 * begins at or before the span, the last one ends at or after it. An edge is where the clocks of the time zone show a
 * whole number of steps since midnight, or skip one; days, weeks (from Monday) and months are those of the calendar.
 * One bucket is the span itself.
 */
export function edgesOf(
  { fromUs, toUs }: { fromUs: number; toUs: number },
  bucketsMax: number,
  timeZone: string,
): Edges {
  if (bucketsMax > 1) {
    const clock = new ZoneClock(timeZone);
    // Steps that are far too short are not tried: that could take a second.
    const secondsMin = (toUs - fromUs) / 1_000_000 / bucketsMax / 2;
    for (const step of STEPS) {
      if (step.seconds < secondsMin) continue;
      const us = edgesOfStep(step, clock, { fromUs, toUs, bucketsMax });
      if (us !== null) return { step: step.name, us };
    }
  }
  return { step: null, us: [fromUs - (toUs - fromUs), fromUs, toUs] };
}

/** The bucket of a time; -1 before the first one, and their number from the end of the last one on. */
export function bucketAt(edges: readonly number[], us: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) <= us) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** `null` where there are more than `bucketsMax`. */
function edgesOfStep(
  step: Step,
  clock: ZoneClock,
  { fromUs, toUs, bucketsMax }: { fromUs: number; toUs: number; bucketsMax: number },
): number[] | null {
  const [edgeThrough, edgeAfter] =
    step.calendar === null ? clockEdges(step.seconds, clock) : dateEdges(step.calendar, clock);
  const firstUs = edgeThrough(fromUs);
  const edges = [edgeThrough(firstUs - 1), firstUs];
  for (let us = firstUs; us < toUs; ) {
    if (edges.length > bucketsMax + 1) return null;
    us = edgeAfter(us);
    edges.push(us);
  }
  return edges.length > bucketsMax + 2 ? null : edges;
}

/** Finds the last edge through a time, and the first one after another edge. */
type FindEdges = [edgeThrough: (us: number) => number, edgeAfter: (edgeUs: number) => number];

function clockEdges(seconds: number, clock: ZoneClock): FindEdges {
  const stepUs = seconds * 1_000_000;
  const stepOf = (us: number): number => Math.floor((us + clock.at(us).offsetUs) / stepUs);
  const isEdge = (us: number): boolean =>
    (us + clock.at(us).offsetUs) % stepUs === 0 || stepOf(us) > stepOf(us - 1);

  const edgeThrough = (us: number): number => {
    const { offsetUs, sinceUs } = clock.at(us);
    const edgeUs = stepOf(us) * stepUs - offsetUs;
    if (edgeUs >= sinceUs) return edgeUs;
    return isEdge(sinceUs) ? sinceUs : edgeThrough(sinceUs - 1);
  };
  const edgeAfter = (us: number): number => {
    const { offsetUs, untilUs } = clock.at(us);
    const edgeUs = (stepOf(us) + 1) * stepUs - offsetUs;
    if (edgeUs < untilUs) return edgeUs;
    return isEdge(untilUs) ? untilUs : edgeAfter(untilUs);
  };
  return [edgeThrough, edgeAfter];
}

function dateEdges(length: NonNullable<Step["calendar"]>, clock: ZoneClock): FindEdges {
  const lengthUs = "days" in length ? length.days * DAY_US : null;
  const firstDateOf = (us: number): Temporal.PlainDate => {
    const date = clock.dateAt(us);
    if ("days" in length)
      return date.subtract({ days: length.days === 7 ? date.dayOfWeek - 1 : 0 });
    const months = (date.year * 12 + date.month - 1) % length.months;
    return date.with({ day: 1 }).subtract({ months });
  };
  const edgeAfter = (us: number): number => {
    const { offsetUs, untilUs } = clock.at(us);
    // Where the clocks are not changed, a day has 24 hours: that is faster than the calendar.
    const isMidnight = (us + offsetUs) % DAY_US === 0;
    if (isMidnight && lengthUs !== null && us + lengthUs < untilUs) return us + lengthUs;
    return clock.startUs(firstDateOf(us).add(length));
  };
  return [(us) => clock.startUs(firstDateOf(us)), edgeAfter];
}

/** A time between two changes of the clocks. */
interface Stretch {
  /** When it began, or minus infinity. */
  sinceUs: number;
  /** When the next one begins, or infinity. */
  untilUs: number;
  /** What clocks show less UTC. */
  offsetUs: number;
}

/** The clocks and the calendar of a time zone. */
class ZoneClock {
  readonly #timeZone: string;
  /** The one that was asked for last: changes of the clocks take long to find, and edges follow each other. */
  #last: Stretch | null = null;

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  at(us: number): Stretch {
    const known = this.#last;
    if (known !== null && us >= known.sinceUs && us < known.untilUs) return known;
    const zoned = this.#zonedTime(us);
    this.#last = {
      sinceUs: changeUs(this.#zonedTime(us + 1), "previous") ?? Number.NEGATIVE_INFINITY,
      untilUs: changeUs(zoned, "next") ?? Number.POSITIVE_INFINITY,
      offsetUs: zoned.offsetNanoseconds / 1_000,
    };
    return this.#last;
  }

  dateAt(us: number): Temporal.PlainDate {
    return this.#zonedTime(us).toPlainDate();
  }

  /** The first moment of a day: 01:00 where the clocks skip midnight. */
  startUs(date: Temporal.PlainDate): number {
    return date.toZonedDateTime(this.#timeZone).epochMilliseconds * 1_000;
  }

  #zonedTime(us: number): Temporal.ZonedDateTime {
    return new Temporal.ZonedDateTime(BigInt(us) * 1_000n, this.#timeZone);
  }
}

/** When the clocks were or will be changed; `null` where they are not. */
function changeUs(from: Temporal.ZonedDateTime, direction: "previous" | "next"): number | null {
  const change = from.getTimeZoneTransition(direction);
  return change === null ? null : change.epochMilliseconds * 1_000;
}
