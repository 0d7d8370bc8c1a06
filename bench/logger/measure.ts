import { setTimeout as pause } from "node:timers/promises";
import type { Bench, Figures } from "./comparison.ts";
import type { Load, Sent } from "./load.ts";
import { startMosquitto } from "./mosquitto.ts";
import { cpuUs, rssBytes } from "./process.ts";
import { type Source, startGenerator, startStandIn } from "./sources.ts";
import type { Running, Subject } from "./subjects.ts";

const SUBSCRIBED_WITHIN_MS = 30_000;

/** One load, and who receives it. */
interface Run extends Pick<Watching, "load" | "onPoll"> {
  subject: Subject;
  /** What the subject subscribes to. Default the load's only topic. */
  filter?: string;
  /** The subject's. Default a new one. */
  folder?: string;
}

/** Measures a subject that receives a load from the generator, through its own Mosquitto. */
export async function measureThroughMosquitto(
  bench: Bench,
  run: Run & { broker: readonly string[]; version: 4 | 5 },
): Promise<Figures> {
  await using broker = await startMosquitto(bench.mosquitto, run.broker, bench.folder());
  await using generator = await startGenerator(broker.port, run.version);
  const { sent, taken, lastMs, brokerCpuUs, ...figures } = await measureSubject(bench, run, {
    source: generator,
    brokerPid: broker.pid,
    port: broker.port,
    payloadBytes: await generator.prepare(run.load),
    subscribed: broker.subscribed(filterOf(run)),
  });
  return {
    ...figures,
    perSecond: (taken / (lastMs - sent.firstMs)) * 1_000,
    ...(broker.pid === null ? {} : { brokerCpuUs }),
  };
}

/**
 * Measures a subject that acknowledges what it has stored. The load is from a stand-in for a broker, which
 * costs less than any broker.
 */
export async function measureAgainstStandIn(bench: Bench, run: Run) {
  await using standIn = await startStandIn();
  const { sent, taken, lastMs, ...figures } = await measureSubject(bench, run, {
    source: standIn,
    brokerPid: standIn.pid,
    port: standIn.port,
    // Only peers that do not store are counted by the size of a payload.
    payloadBytes: 0,
    subscribed: standIn.subscribed(),
  });
  const { latencyUs, acknowledged, firstMs } = sent;
  return {
    ...figures,
    perSecond: (acknowledged / (sent.lastMs - firstMs)) * 1_000,
    ...(latencyUs === null
      ? {}
      : {
          p50Ms: latencyUs.p50 / 1_000,
          p99Ms: latencyUs.p99 / 1_000,
          p999Ms: latencyUs.p999 / 1_000,
          maxMs: latencyUs.max / 1_000,
        }),
  };
}

/** Starts a subject, sends it the load when it has subscribed, and measures what every case asks for. */
async function measureSubject(
  bench: Bench,
  run: Run,
  from: {
    source: Source;
    brokerPid: number | null;
    port: number;
    payloadBytes: number;
    subscribed: Promise<unknown>;
  },
) {
  const { subject, load } = run;
  await using running = await subject.start({
    port: from.port,
    filter: filterOf(run),
    qos: load.qos,
    payloadBytes: from.payloadBytes,
    folder: run.folder ?? bench.folder(),
  });
  await withDeadline(Promise.race([from.subscribed, running.failed]), {
    limitMs: SUBSCRIBED_WITHIN_MS,
    expected: "the subject subscribes",
  });
  const { source, brokerPid } = from;
  const watched = await watchWarm({ ...run, running, source, brokerPid, signal: bench.signal });
  const { sent, taken, lastMs } = watched;
  return {
    sent,
    taken,
    lastMs,
    cpuUs: watched.cpuUs / taken,
    brokerCpuUs: watched.brokerCpuUs / taken,
    lost: load.count - taken,
    rssMegabytes: watched.rssBytesMax / 1e6,
  };
}

function filterOf({ filter, load }: Run): string {
  const [topic, ...others] = load.topics;
  if (filter !== undefined) return filter;
  if (topic === undefined || others.length > 0) throw new RangeError("a load needs a filter");
  return topic;
}

/** How many messages a second the generator itself could send, to something that only acknowledges. */
export async function measureGenerator(): Promise<number> {
  await using standIn = await startStandIn();
  await using generator = await startGenerator(standIn.port, 5);
  await generator.prepare({
    count: 500_000,
    qos: 1,
    topics: ["DATA"],
    pace: { kind: "saturation", window: 20_000 },
  });
  const { count, firstMs, lastMs } = await generator.send();
  return (count / (lastMs - firstMs)) * 1_000;
}

/** A running subject, and what is sent to it. */
interface Watching {
  running: Running;
  source: Source;
  load: Load;
  /** The process that the subject receives from; `null` where it cannot be observed. */
  brokerPid: number | null;
  /** Called now and then while the load runs. */
  onPoll?: ((pid: number) => void) | undefined;
  signal: AbortSignal;
}

/** What was observed of a subject during a load. */
interface Watched {
  sent: Sent;
  /** How many messages it has received, or stored where it stores. */
  taken: number;
  /** When that last changed, in milliseconds since the epoch. */
  lastMs: number;
  /** Processor time of the subject, and of the process that it receives from. */
  cpuUs: number;
  brokerCpuUs: number;
  rssBytesMax: number;
}

/** How often a subject's count is read: seldom where the rate is known. */
const POLL_MS = { saturation: 20, even: 100 } as const;
/** When nothing has come for so long, nothing more is expected. */
const QUIET_MS = 1_500;
/** A subject that takes longer than this, beyond the time that the load itself takes, is not waited for. */
const LATE_MS_MAX = 60_000;
/** What a subject does after its last message, as a checkpoint, belongs to its cost. */
const SETTLE_MS = 300;
/** Sent before the measurement: compiling the subject's code is not part of it. */
const WARMING = { count: 40_000, pace: { kind: "even", perSecond: 5_000 } } as const;
export const WARMING_SECONDS: number = WARMING.count / WARMING.pace.perSecond;

/** Warms a subject up with a smaller load, then sends the load and lets the subject finish its work. */
async function watchWarm(watching: Watching): Promise<Watched> {
  const { running, load } = watching;
  const warming = { ...watching, load: { ...load, ...WARMING }, onPoll: undefined };
  await watch(warming, async () => {});
  return await watch(watching, async () => await running.finish?.());
}

/** Sends a load, and follows the subject until it has all of it or nothing more comes. */
async function watch(watching: Watching, finish: () => Promise<void>): Promise<Watched> {
  const { running, source, load, brokerPid } = watching;
  const usageUs = (pid: number | null): number => (pid === null ? 0 : cpuUs(pid));
  await source.prepare(load);
  const before = await running.counted();
  const cpuBeforeUs = usageUs(running.pid);
  const brokerBeforeUs = usageUs(brokerPid);

  const followed = await follow(watching, before);
  await finish();
  await pause(SETTLE_MS);
  return {
    ...followed,
    cpuUs: usageUs(running.pid) - cpuBeforeUs,
    brokerCpuUs: usageUs(brokerPid) - brokerBeforeUs,
  };
}

type Followed = Omit<Watched, "cpuUs" | "brokerCpuUs">;

async function follow(watching: Watching, before: number): Promise<Followed> {
  const { running, source, load, onPoll, signal } = watching;
  let taken = 0;
  let lastMs = 0;
  let rssBytesMax = 0;
  let sentMs = Number.POSITIVE_INFINITY;
  const endMs = nowMs() + durationMs(load) + LATE_MS_MAX;
  const sending = source.send().then((sent) => {
    sentMs = nowMs();
    return sent;
  });
  const never = new Promise<never>(() => {});
  const failed = Promise.race([running.failed, sending.then(() => never)]);

  while (taken < load.count && nowMs() < endMs) {
    await Promise.race([pause(POLL_MS[load.pace.kind], undefined, { signal }), failed]);
    rssBytesMax = Math.max(rssBytesMax, rssBytes(running.pid));
    onPoll?.(running.pid);
    const count = (await running.counted()) - before;
    if (count !== taken) lastMs = nowMs();
    else if (nowMs() - Math.max(lastMs, sentMs) > QUIET_MS) break;
    taken = count;
  }
  const sent = await withDeadline(Promise.race([sending, running.failed]), {
    limitMs: LATE_MS_MAX,
    expected: `${load.count} messages acknowledged`,
  });
  return { sent, taken, lastMs, rssBytesMax };
}

function durationMs({ count, pace }: Load): number {
  return pace.kind === "even" ? (count / pace.perSecond) * 1_000 : 0;
}

const nowMs = (): number => performance.timeOrigin + performance.now();

/** @throws when a promise takes longer than `limitMs`; the error names what was `expected`. */
export async function withDeadline<T>(
  waited: Promise<T>,
  { limitMs, expected }: { limitMs: number; expected: string },
): Promise<T> {
  const done = new AbortController();
  const late = pause(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${expected}: not within ${limitMs / 1_000} s`);
  });
  // Aborting it below rejects it.
  late.catch(() => {});
  try {
    return await Promise.race([waited, late]);
  } finally {
    done.abort();
  }
}
