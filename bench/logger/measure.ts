import { setTimeout as pause } from "node:timers/promises";
import type { BrokerSettings } from "./brokers/broker.ts";
import { startMosquitto } from "./brokers/mosquitto.ts";
import type { Bench, Figures } from "./case.ts";
import type { Load, Sent } from "./load/load.ts";
import { type Source, startGenerator, startStandIn } from "./load/sources.ts";
import { cpuUs } from "./process/usage.ts";
import type { Running, Subject } from "./subjects/subject.ts";

/** One load, and who takes it in. */
export interface Run {
  subject: Subject;
  load: Load;
  /** What the subject subscribes to. Default the load's only topic. */
  filter?: string;
  /** The subject's. Default a new one. */
  folder?: string;
  /** Called every `POLL_MS` while the load runs. */
  onPoll?: ((pid: number) => void) | undefined;
}

const POLL_MS = 20;
/** When nothing has come for so long, nothing more is expected. */
const QUIET_MS = 1_500;
/** What a subject does after its last message, as a checkpoint, belongs to its cost. */
const SETTLE_MS = 300;
/** Long-running programs are compared: not the compiling of their code. */
const WARMING = { count: 3_000, pace: { kind: "even", perSecond: 5_000 } } as const;

/** From the generator through a Mosquitto of its own to a subject. */
export async function measureThroughMosquitto(
  bench: Bench,
  run: Run & { broker: BrokerSettings },
): Promise<Figures> {
  const { subject, load, filter = onlyTopic(load), onPoll } = run;
  const { signal } = bench;
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
  await Promise.race([subscribed, running.failed]);

  await watch({
    running,
    source: generator,
    load: { ...load, ...WARMING },
    otherPid: null,
    signal,
  });
  const watched = await watch({
    running,
    source: generator,
    load,
    otherPid: broker.pid,
    onPoll,
    signal,
  });
  const { sent, taken, lastMs } = watched;
  return {
    perSecond: (taken / (lastMs - sent.firstMs)) * 1_000,
    cpuUs: watched.cpuUs / taken,
    ...(broker.pid === null ? {} : { brokerCpuUs: watched.otherCpuUs / taken }),
    lost: load.count - taken,
  };
}

/** From a stand-in for a broker, which costs less than any, to a subject that acknowledges what it has stored. */
export async function measureAgainstStandIn(bench: Bench, run: Run): Promise<Figures> {
  const { subject, load, filter = onlyTopic(load), onPoll } = run;
  const { signal } = bench;
  await using standIn = await startStandIn();
  await using running = await subject.start({
    port: standIn.port,
    filter,
    qos: load.qos,
    // Whoever stores can be counted without it.
    payloadBytes: 0,
    folder: run.folder ?? bench.folder(),
  });
  await Promise.race([standIn.subscribed(), running.failed]);

  await watch({ running, source: standIn, load: { ...load, ...WARMING }, otherPid: null, signal });
  const watched = await watch({
    running,
    source: standIn,
    load,
    otherPid: standIn.pid,
    onPoll,
    signal,
  });
  const { sent, taken } = watched;
  const { latencyUs } = sent;
  return {
    perSecond: (sent.acknowledged / (sent.lastMs - sent.firstMs)) * 1_000,
    cpuUs: watched.cpuUs / taken,
    brokerCpuUs: watched.otherCpuUs / taken,
    lost: load.count - taken,
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

interface Watched {
  sent: Sent;
  /** How many messages the subject has taken in. */
  taken: number;
  /** When the count last changed, in milliseconds since the epoch. */
  lastMs: number;
  /** Processor time of the subject, and of the process between it and the source. */
  cpuUs: number;
  otherCpuUs: number;
}

/** Sends a load, and follows the subject until it has all of it or nothing more comes. */
async function watch(watching: {
  running: Running;
  source: Source;
  load: Load;
  otherPid: number | null;
  onPoll?: Run["onPoll"];
  signal: AbortSignal;
}): Promise<Watched> {
  const { running, source, load, otherPid, onPoll, signal } = watching;
  await source.prepare(load);
  const usage = (): [number, number] => [
    cpuUs(running.pid),
    otherPid === null ? 0 : cpuUs(otherPid),
  ];
  const before = await running.counted();
  const [cpuBeforeUs, otherBeforeUs] = usage();

  let sent: Sent | null = null;
  let taken = 0;
  let lastMs = nowMs();
  const sending = source.send().then((done) => {
    sent = done;
    lastMs = Math.max(lastMs, done.lastMs);
  });
  const failed = Promise.race([running.failed, sending.then(() => new Promise<never>(() => {}))]);
  while (taken < load.count) {
    await Promise.race([pause(POLL_MS, undefined, { signal }), failed]);
    onPoll?.(running.pid);
    const count = (await running.counted()) - before;
    if (count !== taken) lastMs = nowMs();
    else if (sent !== null && nowMs() - lastMs > QUIET_MS) break;
    taken = count;
  }
  const takenMs = lastMs;
  await Promise.race([sending, failed]);
  await running.finish?.();
  await pause(SETTLE_MS);
  const [cpuAfterUs, otherAfterUs] = usage();
  return {
    // It is there: `sending` has resolved.
    sent: sent as unknown as Sent,
    taken,
    lastMs: takenMs,
    cpuUs: cpuAfterUs - cpuBeforeUs,
    otherCpuUs: otherAfterUs - otherBeforeUs,
  };
}

const nowMs = (): number => performance.timeOrigin + performance.now();

function onlyTopic({ topics }: Load): string {
  const [topic, ...others] = topics;
  if (topic === undefined || others.length > 0) throw new RangeError("which filter is meant?");
  return topic;
}
