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
    // Steps that are far too short are not tried: that could take a second.
    const secondsMin = (toUs - fromUs) / 1_000_000 / bucketsMax / 2;
    for (const step of STEPS) {
      if (step.seconds < secondsMin) continue;
      const us = edgesOfStep(step, { fromUs, toUs, bucketsMax, timeZone });
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
  span: { fromUs: number; toUs: number; bucketsMax: number; timeZone: string },
): number[] | null {
  const { fromUs, toUs, bucketsMax, timeZone } = span;
  const [edgeThrough, edgeAfter] =
    step.calendar === null ? clockEdges(step.seconds) : dateEdges(step.calendar);
  const firstUs = edgeThrough(fromUs, timeZone);
  const edges = [edgeThrough(firstUs - 1, timeZone), firstUs];
  for (let us = firstUs; us < toUs; ) {
    if (edges.length > bucketsMax + 1) return null;
    us = edgeAfter(us, timeZone);
    edges.push(us);
  }
  return edges.length > bucketsMax + 2 ? null : edges;
}

/** An edge near a time. */
type FindEdge = (us: number, timeZone: string) => number;

/** Finds the last edge through a time, and the first one after it. */
type FindEdges = [edgeThrough: FindEdge, edgeAfter: FindEdge];

function clockEdges(seconds: number): FindEdges {
  const stepUs = seconds * 1_000_000;
  const stepOf = (us: number, timeZone: string): number =>
    Math.floor((us + offsetUs(us, timeZone)) / stepUs);
  const isEdge = (us: number, timeZone: string): boolean =>
    (us + offsetUs(us, timeZone)) % stepUs === 0 || stepOf(us, timeZone) > stepOf(us - 1, timeZone);

  const edgeThrough: FindEdge = (us, timeZone) => {
    const edgeUs = stepOf(us, timeZone) * stepUs - offsetUs(us, timeZone);
    const changeUs = clockChange(us, timeZone, "previous");
    if (edgeUs >= changeUs) return edgeUs;
    return isEdge(changeUs, timeZone) ? changeUs : edgeThrough(changeUs - 1, timeZone);
  };
  const edgeAfter: FindEdge = (us, timeZone) => {
    const edgeUs = (stepOf(us, timeZone) + 1) * stepUs - offsetUs(us, timeZone);
    const changeUs = clockChange(us, timeZone, "next");
    if (edgeUs < changeUs) return edgeUs;
    return isEdge(changeUs, timeZone) ? changeUs : edgeAfter(changeUs, timeZone);
  };
  return [edgeThrough, edgeAfter];
}

function dateEdges(length: NonNullable<Step["calendar"]>): FindEdges {
  const firstDateOf = (us: number, timeZone: string): Temporal.PlainDate => {
    const date = zonedTime(us, timeZone).toPlainDate();
    if ("days" in length)
      return date.subtract({ days: length.days === 7 ? date.dayOfWeek - 1 : 0 });
    const months = (date.year * 12 + date.month - 1) % length.months;
    return date.with({ day: 1 }).subtract({ months });
  };
  return [
    (us, timeZone) => startUs(firstDateOf(us, timeZone), timeZone),
    (us, timeZone) => startUs(firstDateOf(us, timeZone).add(length), timeZone),
  ];
}

/** The first moment of a day: 01:00 where the clocks skip midnight. */
function startUs(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds * 1_000;
}

/** The last change of the clocks through a time, or the first one after it; an infinity where there is none. */
function clockChange(us: number, timeZone: string, direction: "previous" | "next"): number {
  const isNext = direction === "next";
  const change = zonedTime(us + (isNext ? 0 : 1), timeZone).getTimeZoneTransition(direction);
  if (change === null) return isNext ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return change.epochMilliseconds * 1_000;
}

function offsetUs(us: number, timeZone: string): number {
  return zonedTime(us, timeZone).offsetNanoseconds / 1_000;
}

function zonedTime(us: number, timeZone: string): Temporal.ZonedDateTime {
  return new Temporal.ZonedDateTime(BigInt(us) * 1_000n, timeZone);
}
