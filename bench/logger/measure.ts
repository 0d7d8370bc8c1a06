import { setTimeout as pause } from "node:timers/promises";
import type { Bench, Contender, Figures } from "../comparison.ts";
import { growthOf } from "../output.ts";
import { cpuUs, rssBytes } from "../process.ts";
import { type Load, type Sent, type Source, startGenerator, startStandIn } from "./load.ts";
import { type Encrypted, type Mosquitto, OPEN, startMosquitto } from "./mosquitto.ts";
import type { Running, Subject } from "./subjects.ts";

/** What measurements of the logger are given. */
export interface LoggerBench extends Bench {
  mosquitto: Mosquitto;
}

/** One load, and who receives it. */
interface Run {
  subject: Subject;
  load: Load;
  /** What the subject subscribes to. Default the load's only topic. */
  filter?: string;
  /** The subject's. Default a new one. */
  folder?: string;
  /** The subject is not warmed up: what is measured are its first seconds. */
  isFresh?: boolean;
  /** For so long the subject is stopped in the middle of the load. */
  stopMs?: number;
}

const SUBSCRIBED_WITHIN_MS = 30_000;
/** How often a subject's count is read: seldom where the rate is known. */
const POLL_MS = { saturation: 20, even: 100 } as const;
/** When nothing has come for so long, nothing more is expected: Weir asks a broker once more after 2 s. */
const QUIET_MS = 4_000;
/** So long after the beginning of a load a subject is stopped. */
const STOP_AFTER_MS = 50;
/** A subject that takes longer than this, beyond the time that the load itself takes, is not waited for. */
const LATE_MS_MAX = 60_000;
/** What a subject does after its last message, as a checkpoint, belongs to its cost. */
const SETTLE_MS = 300;
/**
 * Sent before the measurement, which is of a program that has run for a while: much, so that its code is compiled,
 * then little, so that it collects the garbage of its start.
 */
const WARMING = [
  { count: 40_000, pace: { kind: "even", perSecond: 5_000 } },
  { count: 2_500, pace: { kind: "even", perSecond: 500 } },
] as const;
export const WARMING_SECONDS: number = WARMING.reduce(
  (sum, { count, pace }) => sum + count / pace.perSecond,
  0,
);

/** As fast as acknowledgements come, with up to `window` of them outstanding. */
export function atOnce(count: number, { window }: { window: number }): Load {
  return { count, qos: 1, topics: ["DATA"], pace: { kind: "saturation", window } };
}

export function evenly(perSecond: number, seconds: number): Load {
  return {
    count: perSecond * seconds,
    qos: 1,
    topics: ["DATA"],
    pace: { kind: "even", perSecond },
  };
}

export function throughMosquitto(
  subjects: readonly Subject[],
  run: Pick<Run, "load" | "isFresh" | "stopMs"> & { broker?: readonly string[]; version?: 4 | 5 },
): Contender<LoggerBench>[] {
  return subjects.map((subject) => ({
    ...subject,
    measure: (bench) =>
      measureThroughMosquitto(bench, { broker: OPEN, version: 5, ...run, subject }),
  }));
}

export function fromStandIn(
  subjects: readonly Subject[],
  run: { load: Load; filter?: string },
): Contender[] {
  return subjects.map((subject) => ({
    ...subject,
    measure: async (bench) => (await measureAgainstStandIn(bench, { ...run, subject })).figures,
  }));
}

/** Latency, processor time and memory at an even rate, and the rate at saturation. */
export function latencyAndRate(
  subject: Subject,
  run: { isQuick: boolean; folder?: () => string },
): Contender {
  const measure = async (bench: Bench): Promise<Figures> => {
    const measureLoad = async (load: Load) => {
      const folder = run.folder?.() ?? bench.folder();
      return (await measureAgainstStandIn(bench, { subject, load, folder })).figures;
    };
    // A hundredth of the messages is more than one tick brings.
    const atRate = await measureLoad(evenly(5_000, run.isQuick ? 1 : 15));
    const most = await measureLoad(atOnce(run.isQuick ? 100_000 : 1_000_000, { window: 65_535 }));
    const lost = atRate.lost + most.lost;
    return { ...atRate, lost, perSecond: most.perSecond };
  };
  return { ...subject, measure };
}

/** Memory while 20,000 messages come a second. */
export function memoryOverTime(
  subject: Subject,
  seconds: number,
  folder: (bench: Bench) => string | Promise<string> = (bench) => bench.folder(),
): Contender {
  const measure = async (bench: Bench): Promise<Figures> => {
    const load = evenly(20_000, seconds);
    const run = { subject, load, folder: await folder(bench) };
    const { figures, residentBytes } = await measureAgainstStandIn(bench, run);
    return { ...figures, growth: growthOf(residentBytes) };
  };
  return { ...subject, measure };
}

/** Measures a subject that receives a load from the generator, through its own Mosquitto. */
async function measureThroughMosquitto(
  bench: LoggerBench,
  run: Run & { broker: readonly string[]; version: 4 | 5 },
): Promise<Figures> {
  await using broker = await startMosquitto(bench.mosquitto, run.broker, bench.folder());
  await using generator = await startGenerator(broker.port, run.version);
  const watched = await measureSubject(bench, run, {
    source: generator,
    brokerPid: broker.pid,
    port: broker.port,
    encrypted: broker.encrypted,
    payloadBytes: await generator.prepare(run.load),
    subscribed: broker.subscribed(filterOf(run)),
  });
  const { sent, taken, lastMs } = watched;
  return {
    ...figuresOf(run.load, watched),
    perSecond: (taken / (lastMs - sent.firstMs)) * 1_000,
    ...(broker.pid === null ? {} : { brokerCpuUs: watched.brokerCpuUs / taken }),
  };
}

/**
 * Measures a subject that acknowledges what it has stored. The load is from a stand-in for a broker, which
 * costs less than any broker.
 */
async function measureAgainstStandIn(bench: Bench, run: Run) {
  await using standIn = await startStandIn();
  const watched = await measureSubject(bench, run, {
    source: standIn,
    brokerPid: standIn.pid,
    port: standIn.port,
    encrypted: null,
    // Only peers that do not store are counted by the size of a payload.
    payloadBytes: 0,
    subscribed: standIn.subscribed(),
  });
  const { latencyUs, acknowledged, firstMs, lastMs } = watched.sent;
  const figures = {
    ...figuresOf(run.load, watched),
    brokerCpuUs: watched.brokerCpuUs / watched.taken,
    perSecond: (acknowledged / (lastMs - firstMs)) * 1_000,
    ...(latencyUs === null
      ? {}
      : {
          p50Ms: latencyUs.p50 / 1_000,
          p99Ms: latencyUs.p99 / 1_000,
          p999Ms: latencyUs.p999 / 1_000,
          maxMs: latencyUs.max / 1_000,
        }),
  };
  return { figures, residentBytes: watched.residentBytes };
}

/** What every case asks for. */
function figuresOf({ count }: Load, { taken, cpuUs, residentBytes }: Watched) {
  return {
    cpuUs: cpuUs / taken,
    lost: count - taken,
    rssMegabytes: Math.max(0, ...residentBytes) / 1e6,
  };
}

/** Where a subject receives a load from. */
interface Origin {
  source: Source;
  /** The process that it receives from; `null` where it cannot be observed. */
  brokerPid: number | null;
  port: number;
  encrypted: Encrypted | null;
  payloadBytes: number;
  /** Resolves when the subject has subscribed. */
  subscribed: Promise<unknown>;
}

/** Starts a subject, warms it up when it has subscribed unless the run is fresh, and watches it while it receives the load. */
async function measureSubject(bench: Bench, run: Run, origin: Origin): Promise<Watched> {
  const { subject, load } = run;
  await using running = await subject.start({
    port: origin.port,
    encrypted: origin.encrypted,
    filter: filterOf(run),
    qos: load.qos,
    payloadBytes: origin.payloadBytes,
    folder: run.folder ?? bench.folder(),
  });
  const subscribed = Promise.race([origin.subscribed, running.failed]);
  await withDeadline(subscribed, SUBSCRIBED_WITHIN_MS, "the subject subscribes");
  const watching = { running, origin, signal: bench.signal };
  if (run.isFresh !== true) {
    for (const warming of WARMING) await watch({ ...watching, load: { ...load, ...warming } });
  }
  return await watch({ ...watching, load, stopMs: run.stopMs, finish: running.finish });
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
  await generator.prepare(atOnce(500_000, { window: 20_000 }));
  const { count, firstMs, lastMs } = await generator.send();
  return (count / (lastMs - firstMs)) * 1_000;
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
  /** The subject's memory, now and then. */
  residentBytes: readonly number[];
}

/** Sends a load, follows the subject until it has all of it or nothing more comes, and lets it finish its work. */
async function watch(watching: {
  running: Running;
  origin: Origin;
  load: Load;
  stopMs?: number | undefined;
  finish?: Running["finish"];
  signal: AbortSignal;
}): Promise<Watched> {
  const { running, load, signal } = watching;
  const { source, brokerPid } = watching.origin;
  const brokerUs = (): number => (brokerPid === null ? 0 : cpuUs(brokerPid));
  await source.prepare(load);
  const before = await running.counted();
  const [startUs, brokerStartUs] = [cpuUs(running.pid), brokerUs()];
  let taken = 0;
  let lastMs = 0;
  const residentBytes: number[] = [];
  let sentMs = Number.POSITIVE_INFINITY;
  const endMs = nowMs() + durationMs(load) + LATE_MS_MAX;
  const sending = source.send().then((sent) => {
    sentMs = nowMs();
    return sent;
  });
  const stopped = stopFor(watching.stopMs ?? 0, running.pid);
  const never = new Promise<never>(() => {});
  const failed = Promise.race([running.failed, sending.then(() => never)]);

  while (taken < load.count && nowMs() < endMs) {
    await Promise.race([pause(POLL_MS[load.pace.kind], undefined, { signal }), failed]);
    residentBytes.push(rssBytes(running.pid));
    const count = (await running.counted()) - before;
    if (count !== taken) lastMs = nowMs();
    else if (nowMs() - Math.max(lastMs, sentMs) > QUIET_MS) break;
    taken = count;
  }
  await stopped;
  const acknowledged = Promise.race([sending, running.failed]);
  const sent = await withDeadline(acknowledged, LATE_MS_MAX, `${load.count} acknowledged messages`);
  await watching.finish?.();
  await pause(SETTLE_MS);
  return {
    sent,
    taken,
    lastMs,
    residentBytes,
    cpuUs: cpuUs(running.pid) - startUs,
    brokerCpuUs: brokerUs() - brokerStartUs,
  };
}

async function stopFor(stopMs: number, pid: number): Promise<void> {
  if (stopMs === 0) return;
  await pause(STOP_AFTER_MS);
  process.kill(pid, "SIGSTOP");
  await pause(stopMs);
  process.kill(pid, "SIGCONT");
}

function durationMs({ count, pace }: Load): number {
  return pace.kind === "even" ? (count / pace.perSecond) * 1_000 : 0;
}

const nowMs = (): number => performance.timeOrigin + performance.now();

/** @throws when a promise takes longer than `limitMs`; the error names what was `expected`. */
export async function withDeadline<T>(
  waited: Promise<T>,
  limitMs: number,
  expected: string,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`${expected}: not within ${limitMs / 1_000} s`));
  }, limitMs);
  try {
    return await Promise.race([waited, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
