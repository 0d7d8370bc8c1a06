import type { BrokerSettings } from "./brokers/broker.ts";
import { startMosquitto } from "./brokers/mosquitto.ts";
import type { Bench, Figures } from "./case.ts";
import type { Load } from "./load/load.ts";
import { startGenerator, startStandIn } from "./load/sources.ts";
import { withDeadline } from "./process/deadline.ts";
import type { Running, Subject } from "./subjects/subject.ts";
import { type Watching, watchWarm } from "./watch.ts";

/** One load, and who takes it in. */
export interface Run extends Pick<Watching, "load" | "onPoll"> {
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
