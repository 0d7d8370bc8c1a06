import { setTimeout as pause } from "node:timers/promises";
import type { Bench, Figures } from "./comparison.ts";
import type { Load, Sent } from "./load.ts";
import { type BrokerSettings, startMosquitto } from "./mosquitto.ts";
import { cpuUs, rssBytes } from "./process.ts";
import { type Source, startGenerator, startStandIn } from "./sources.ts";
import type { Running, Subject } from "./subjects.ts";

/** One load, and who takes it in. */
interface Run extends Pick<Watching, "load" | "onPoll"> {
  subject: Subject;
  /** What the subject subscribes to. Default the load's only topic. */
  filter?: string;
  /** The subject's. Default a new one. */
  folder?: string;
}

/** From the generator through a Mosquitto of its own to a subject. */
export async function measureThroughMosquitto(
  bench: Bench,
  run: Run & { broker: BrokerSettings },
): Promise<Figures> {
  const { subject, load, filter = onlyTopic(load) } = run;
  await using broker = await startMosquitto(bench.mosquitto, run.broker, bench.folder());
  await using generator = await startGenerator(broker.port, run.broker.only311 ? 4 : 5);
  const payloadBytes = await generator.prepare(load);
  const subscribed = broker.subscribed(filter);
  await using running = await subject.start({
    port: broker.port,
    filter,
    qos: load.qos,
    payloadBytes,
    folder: run.folder ?? bench.folder(),
  });
  await untilSubscribed(subscribed, running);

  const watched = await watchWarm({
    ...run,
    running,
    source: generator,
    otherPid: broker.pid,
    signal: bench.signal,
  });
  const { sent, taken, lastMs } = watched;
  return {
    perSecond: (taken / (lastMs - sent.firstMs)) * 1_000,
    cpuUs: watched.cpuUs / taken,
    ...(broker.pid === null ? {} : { brokerCpuUs: watched.otherCpuUs / taken }),
    lost: load.count - taken,
    rssMegabytes: watched.rssBytesMax / 1e6,
  };
}

/** From a stand-in for a broker, which costs less than any, to a subject that acknowledges what it has stored. */
export async function measureAgainstStandIn(bench: Bench, run: Run): Promise<Figures> {
  const { subject, load, filter = onlyTopic(load) } = run;
  await using standIn = await startStandIn();
  await using running = await subject.start({
    port: standIn.port,
    filter,
    qos: load.qos,
    // Whoever stores can be counted without it.
    payloadBytes: 0,
    folder: run.folder ?? bench.folder(),
  });
  await untilSubscribed(standIn.subscribed(), running);

  const watched = await watchWarm({
    ...run,
    running,
    source: standIn,
    otherPid: standIn.pid,
    signal: bench.signal,
  });
  const { sent, taken } = watched;
  return {
    perSecond: (sent.acknowledged / (sent.lastMs - sent.firstMs)) * 1_000,
    cpuUs: watched.cpuUs / taken,
    brokerCpuUs: watched.otherCpuUs / taken,
    lost: load.count - taken,
    rssMegabytes: watched.rssBytesMax / 1e6,
    ...(sent.latencyUs === null
      ? {}
      : {
          p50Ms: sent.latencyUs.p50 / 1_000,
          p99Ms: sent.latencyUs.p99 / 1_000,
          p999Ms: sent.latencyUs.p999 / 1_000,
          maxMs: sent.latencyUs.max / 1_000,
        }),
  };
}

/** How many messages a second the generator itself could send, to something that only acknowledges. */
export async function measureGenerator(): Promise<number> {
  await using standIn = await startStandIn();
  await using generator = await startGenerator(standIn.port, 5);
  await generator.prepare({
    count: GENERATOR_MESSAGES,
    qos: 1,
    topics: ["DATA"],
    pace: { kind: "saturation", window: 20_000 },
  });
  const { count, firstMs, lastMs } = await generator.send();
  return (count / (lastMs - firstMs)) * 1_000;
}

const GENERATOR_MESSAGES = 500_000;

const SUBSCRIBED_WITHIN_MS = 30_000;

function untilSubscribed(subscribed: Promise<unknown>, { failed }: Running): Promise<unknown> {
  return withDeadline(Promise.race([subscribed, failed]), {
    limitMs: SUBSCRIBED_WITHIN_MS,
    expected: "the subject subscribes",
  });
}

function onlyTopic({ topics }: Load): string {
  const [topic, ...others] = topics;
  if (topic === undefined || others.length > 0) throw new RangeError("which filter is meant?");
  return topic;
}

/** A subject that runs, and what is sent to it. */
interface Watching {
  running: Running;
  source: Source;
  load: Load;
  /** The process between source and subject, or the source; `null` where it cannot be seen. */
  otherPid: number | null;
  /** Called now and then while the load runs. */
  onPoll?: ((pid: number) => void) | undefined;
  signal: AbortSignal;
}

/** What a subject made of a load. */
interface Watched {
  sent: Sent;
  /** How many messages it has taken in. */
  taken: number;
  /** When that last changed, in milliseconds since the epoch. */
  lastMs: number;
  /** Processor time of the subject, and of the other process. */
  cpuUs: number;
  otherCpuUs: number;
  rssBytesMax: number;
}

/** How often a subject is asked how far it is: seldom where its rate is known. */
const POLL_MS = { saturation: 20, even: 100 } as const;
/** When nothing has come for so long, nothing more is expected. */
const QUIET_MS = 1_500;
/** A subject that takes longer than this, beyond the time that the load itself takes, is not waited for. */
const LATE_MS_MAX = 60_000;
/** What a subject does after its last message, as a checkpoint, belongs to its cost. */
const SETTLE_MS = 300;
/** Long-running programs are compared: not the compiling of their code. */
const WARMING = { count: 40_000, pace: { kind: "even", perSecond: 5_000 } } as const;
/** How long that takes. */
export const WARMING_SECONDS: number = WARMING.count / WARMING.pace.perSecond;

/** Sends a load to a subject that has had a smaller one before, and lets it do what it leaves to its end. */
async function watchWarm(watching: Watching): Promise<Watched> {
  const { running, load } = watching;
  const warming = { ...watching, load: { ...load, ...WARMING }, onPoll: undefined };
  await watch(warming, async () => {});
  return await watch(watching, async () => await running.finish?.());
}

/** Sends a load, and follows the subject until it has all of it or nothing more comes. */
async function watch(watching: Watching, finish: () => Promise<void>): Promise<Watched> {
  const { running, source, load, otherPid } = watching;
  const usageUs = (pid: number | null): number => (pid === null ? 0 : cpuUs(pid));
  await source.prepare(load);
  const before = await running.counted();
  const cpuBeforeUs = usageUs(running.pid);
  const otherBeforeUs = usageUs(otherPid);

  const followed = await follow(watching, before);
  await finish();
  await pause(SETTLE_MS);
  return {
    ...followed,
    cpuUs: usageUs(running.pid) - cpuBeforeUs,
    otherCpuUs: usageUs(otherPid) - otherBeforeUs,
  };
}

type Followed = Omit<Watched, "cpuUs" | "otherCpuUs">;

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

/** @throws when what is waited for takes longer than `limitMs`; `expected` says what it is. */
export async function withDeadline<T>(
  waited: Promise<T>,
  { limitMs, expected }: { limitMs: number; expected: string },
): Promise<T> {
  const done = new AbortController();
  const late = pause(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${expected}: not within ${limitMs / 1_000} s`);
  });
  // It is cut off below when it is not needed any more.
  late.catch(() => {});
  try {
    return await Promise.race([waited, late]);
  } finally {
    done.abort();
  }
}
