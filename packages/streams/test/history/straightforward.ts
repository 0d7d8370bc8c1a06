import type { Bucket } from "@weir/series";

interface Sample {
  us: number;
  value: number;
}

/**
 * The answer by a plain loop over all points.
 *
 * @param samples in the order of arrival.
 * @param edges of the buckets; the one before the first that is answered is there, too.
 */
export function straightforward(
  samples: readonly Sample[],
  edges: readonly number[],
  nowUs: number,
): Bucket[] {
  const known = samples
    .filter(({ us }) => us >= (edges[0] as number))
    .toSorted((one, other) => one.us - other.us);
  return edges.slice(1, -1).map((fromUs, index) => {
    const toUs = edges[index + 2] as number;
    const points = known.filter(({ us }) => us >= fromUs && us < toUs);
    const before = known.findLast(({ us }) => us < fromUs);
    const heldUs = edges[index] as number;
    return bucketOf(points, { fromUs, toUs, nowUs }, before, before && before.us >= heldUs);
  });
}

function bucketOf(
  points: readonly Sample[],
  { fromUs, toUs, nowUs }: { fromUs: number; toUs: number; nowUs: number },
  before: Sample | undefined,
  isHeld: boolean | undefined,
): Bucket {
  const first = points[0] ?? null;
  const last = points.at(-1) ?? null;
  const span = { fromUs, toUs, count: points.length, first, last };
  if (first === null || last === null) {
    const nothing = { min: null, max: null, average: null, timeWeightedAverage: null };
    return { ...span, ...nothing, increase: null, transitions: null };
  }
  const values = points.map(({ value }) => value);
  const steps = before === undefined ? values : [before.value, ...values];
  let increase = 0;
  let transitions = 0;
  for (let index = 1; index < steps.length; index += 1) {
    const [one, other] = [steps[index - 1] as number, steps[index] as number];
    increase += other < one ? other : other - one;
    transitions += Number(other !== one);
  }
  const endUs = Math.max(last.us, Math.min(toUs, nowUs));
  const held = isHeld && before ? [{ us: fromUs, value: before.value }] : [];
  const holding = [...held, ...points];
  let area = 0;
  for (const [index, { us, value }] of holding.entries()) {
    area += value * ((holding[index + 1]?.us ?? endUs) - us);
  }
  const duration = endUs - (holding[0] as Sample).us;
  return {
    ...span,
    min: Math.min(...values),
    max: Math.max(...values),
    average: values.reduce((sum, value) => sum + value) / values.length,
    timeWeightedAverage: duration === 0 ? last.value : area / duration,
    increase,
    transitions,
  };
}
