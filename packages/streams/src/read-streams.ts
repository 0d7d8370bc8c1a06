import { dirname, resolve } from "node:path";
import {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  ConfigurationFault,
  type Environment,
  readSettings,
  storeSettings,
  topicSettings,
} from "@weir/config";
import { normaliseBroker } from "./brokers.ts";
import { defaultStreams, isSet } from "./defaults.ts";
import { readWeirFile } from "./document.ts";
import { normaliseStream } from "./normalise.ts";
import { problemsOf } from "./rules.ts";
import type { WeirFile } from "./schema.ts";
import { streamSettings } from "./settings.ts";
import { DEFAULT_BROKER, type StreamConfig, type StreamsConfig } from "./stream-config.ts";
import { millisecondsOf } from "./units.ts";

const PERFORMANCE_TOPIC = "weir/service/logger/performance";
const PERFORMANCE_INTERVAL = "10s";
const settings = { ...brokerSettings, ...topicSettings, ...storeSettings, ...streamSettings };

/**
 * What is logged: the environment over weir.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem: path, line, value and remedy.
 */
export function readStreams(environment: Environment): StreamsConfig {
  const values = readSettings(settings, environment);
  const file = values.WEIR_FILE;
  const read = readWeirFile(file);
  if (read === null && isSet(environment, "WEIR_FILE")) {
    throw new ConfigurationFault([`WEIR_FILE: ${file} is not there; make it, or unset WEIR_FILE`]);
  }
  const problems = read?.problems ?? [];
  if (problems.length > 0) throw new ConfigurationFault(problems);

  const content = read?.content ?? {};
  const base = resolve(dirname(file));
  const { brokers, problems: brokerProblems } = readBrokers(content, {
    own: brokerConfig(values),
    environment,
    base,
  });
  const context = { values, environment, base };
  const streams = mergeStreams(defaultStreams(values), content.streams ?? {}, context);
  const found = [...brokerProblems, ...problemsOf({ streams, brokers }, values)];
  if (found.length > 0) throw new ConfigurationFault(found);
  const interval = content.performance?.interval ?? PERFORMANCE_INTERVAL;
  return {
    brokers,
    streams,
    performance: { intervalMs: millisecondsOf(interval), topic: PERFORMANCE_TOPIC },
    file: read === null ? null : file,
  };
}

function readBrokers(
  { brokers: entries = {} }: WeirFile,
  { own, ...context }: { own: BrokerConfig; environment: Environment; base: string },
): { brokers: Record<string, BrokerConfig>; problems: string[] } {
  const brokers: Record<string, BrokerConfig> = { [DEFAULT_BROKER]: own };
  const problems: string[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    if (name === DEFAULT_BROKER) {
      problems.push(`brokers.${name}: this is the broker of the environment; give it another name`);
      continue;
    }
    const { broker, problem } = normaliseBroker(entry, context);
    brokers[name] = broker;
    if (problem !== null) problems.push(`brokers.${name}: ${problem}`);
  }
  return { brokers, problems };
}

function mergeStreams(
  defaults: readonly StreamConfig[],
  entries: NonNullable<WeirFile["streams"]>,
  context: Omit<Parameters<typeof normaliseStream>[2], "before">,
): StreamConfig[] {
  const streams = new Map(defaults.map((stream) => [stream.name, stream]));
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.enabled === false) streams.delete(name);
    else {
      const before = streams.get(name);
      streams.set(name, normaliseStream(name, entry, { ...context, before }));
    }
  }
  return [...streams.values()];
}
