import { dirname, resolve } from "node:path";
import {
  brokerConfig,
  brokerSettings,
  type Environment,
  readSettings,
  storeSettings,
  topicSettings,
} from "@weir/config";
import { millisecondsOf, readBeside, throwProblems } from "@weir/settings-file";
import { readBrokers } from "./brokers.ts";
import { mergeStreams, readNamedFile } from "./configured-streams.ts";
import { defaultStreams } from "./defaults.ts";
import { problemsOf } from "./rules.ts";
import { streamSettings } from "./settings.ts";
import type { StreamsConfig } from "./stream-config.ts";

const PERFORMANCE_TOPIC = "weir/service/logger/performance";
const PERFORMANCE_INTERVAL = "10s";
const settings = { ...brokerSettings, ...topicSettings, ...storeSettings, ...streamSettings };

/**
 * What is logged: the environment over weir.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem: file, line, path, value and remedy.
 */
export function readStreams(environment: Environment): StreamsConfig {
  const { WEIR_FILE: file } = readSettings({ WEIR_FILE: settings.WEIR_FILE }, environment);
  const [values, read] = readBeside(
    () => readSettings(settings, environment),
    () => readNamedFile(file, environment),
  );
  const content = read?.content ?? {};
  const base = resolve(dirname(file));
  const { brokers, problems } = readBrokers(content.brokers ?? {}, {
    own: brokerConfig(values),
    environment,
    base,
  });
  const streams = mergeStreams(defaultStreams(values), content.streams ?? {}, {
    values,
    environment,
    base,
  });
  throwProblems(read, [...problems, ...problemsOf({ streams, brokers }, { values, environment })]);
  const interval = content.performance?.interval ?? PERFORMANCE_INTERVAL;
  return {
    brokers,
    streams,
    performance: { intervalMs: millisecondsOf(interval), topic: PERFORMANCE_TOPIC },
    file: read === null ? null : file,
  };
}
