import { resolve } from "node:path";
import {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  type Environment,
  type FileFormat,
  jsonSchemaOf,
  type Problem,
  readConfigFile,
  readCredential,
  storeSettings,
  tlsConfig,
  tlsProblems,
  topicSettings,
} from "@weir/runtime";
import { problemsOf } from "./rules.ts";
import { type BrokerEntry, type WeirFile, weirFile } from "./schema.ts";
import {
  configureStreams,
  DEFAULT_BROKER,
  type FollowableStream,
  prefixesOf,
  type StreamsConfig,
  storedStreams,
  streamSettings,
} from "./stream-config.ts";

const weirFileFormat: FileFormat<WeirFile> = {
  schema: weirFile,
  example: "config/weir.example.yaml",
  missingKeys: {
    password:
      "no password stands in this file; put it into a file (passwordFile) or a variable of the environment (passwordVariable)",
  },
};

/** JSON Schema of weir.yaml, for editors. */
export function weirFileJsonSchema(): object {
  return { title: "weir.yaml", ...jsonSchemaOf(weirFile) };
}

const PERFORMANCE_TOPIC = "weir/service/logger/performance";
const PERFORMANCE_INTERVAL_MS = 10_000;
const loggedSettings = {
  ...brokerSettings,
  ...topicSettings,
  ...storeSettings,
  ...streamSettings,
};

/**
 * What is logged, for a program that has no other settings.
 *
 * @throws ConfigurationFault with every problem: file, line, path, value and remedy.
 */
export function readStreams(environment: Environment): StreamsConfig {
  return streamsOf(new CheckedSettings(loggedSettings, environment));
}

/**
 * What is logged: the environment over weir.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem, those of all the settings included.
 */
export function streamsOf(settings: CheckedSettings<typeof loggedSettings>): StreamsConfig {
  return readConfigFile(
    settings,
    { variable: "WEIR_FILE", needs: loggedSettings, format: weirFileFormat },
    (values, file) => {
      const entries = file.content.brokers ?? {};
      const { brokers, problems } = readBrokers(entries, {
        own: brokerConfig(values),
        environment: settings.environment,
        base: file.folder,
      });
      const config: StreamsConfig = {
        brokers,
        passwordVariables: Object.values(entries).flatMap((entry) => entry.passwordVariable ?? []),
        streams: configureStreams(settings, values, file),
        performance: {
          intervalMs: file.content.performance?.interval ?? PERFORMANCE_INTERVAL_MS,
          topic: PERFORMANCE_TOPIC,
        },
        file: file.name,
      };
      return { config, problems: [...problems, ...problemsOf(config, values, settings)] };
    },
  );
}

/** What a program needs to know of the streams that follows them and logs nothing itself. */
interface StoredStreams {
  streams: readonly FollowableStream[];
  /** The first levels of the topics of devices. */
  devicePrefixes: readonly string[];
  /** How far ahead of reception an observation may lie before its time is replaced. */
  skewUs: number;
}

const { WEIR_FILE, DEVICE_TOPIC_PREFIXES, LOGGER_CLOCK_SKEW_SECONDS } = streamSettings;
/** The settings of `storedStreamsOf`. */
export const storedSettings = {
  ...storeSettings,
  WEIR_FILE,
  DEVICE_TOPIC_PREFIXES,
  LOGGER_CLOCK_SKEW_SECONDS,
};

/**
 * Where streams are stored. The secrets of their brokers are not read, since only the logger may be able to;
 * the rules that streams must satisfy together are the logger's to check, too.
 *
 * @throws ConfigurationFault for a weir.yaml whose form is wrong, and for all the settings.
 */
export function storedStreamsOf(settings: CheckedSettings<typeof storedSettings>): StoredStreams {
  return readConfigFile(
    settings,
    { variable: "WEIR_FILE", needs: storedSettings, format: weirFileFormat },
    (values, file) => ({
      config: {
        streams: storedStreams(file.content.streams ?? {}, {
          storeFile: values.DB_FILE,
          base: file.folder,
        }),
        devicePrefixes: prefixesOf(values.DEVICE_TOPIC_PREFIXES),
        skewUs: values.LOGGER_CLOCK_SKEW_SECONDS * 1_000_000,
      },
      problems: [],
    }),
  );
}

type Key = keyof BrokerEntry;

/** An entry that is being read. */
interface Reading {
  entry: BrokerEntry;
  environment: Environment;
  base: string;
  /** Reports a problem at a key of the entry, `null` for the entry itself, and the keys that it follows from. */
  report: (at: Key | null, words: string, of: readonly Key[]) => void;
}

/**
 * The brokers with their passwords and certificates, and what is wrong with them.
 *
 * @param own the broker of the environment.
 * @param base the folder of weir.yaml, which files with passwords and certificates are relative to.
 */
function readBrokers(
  entries: Readonly<Record<string, BrokerEntry>>,
  { own, environment, base }: { own: BrokerConfig; environment: Environment; base: string },
): { brokers: Record<string, BrokerConfig>; problems: Problem[] } {
  const brokers: Record<string, BrokerConfig> = { [DEFAULT_BROKER]: own };
  const problems: Problem[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const path = ["brokers", name];
    if (name === DEFAULT_BROKER) {
      problems.push({ path, words: "this is the broker of the environment; take another name" });
      continue;
    }
    const report: Reading["report"] = (at, words, of) =>
      problems.push({
        path: at === null ? path : [...path, at],
        words,
        of: of.map((key) => [...path, key]),
      });
    const reading = { entry, environment, base, report };
    brokers[name] = {
      url: entry.url,
      username: entry.username ?? null,
      password: passwordOf(reading),
      ...tlsOf(reading),
    };
  }
  return { brokers, problems };
}

function passwordOf(reading: Reading): string | null {
  const { entry, environment, report } = reading;
  const { passwordFile, passwordVariable } = entry;
  if (passwordVariable === undefined) return textOf(reading, "passwordFile");
  if (passwordFile !== undefined) {
    const words = "there are two sources of its password; keep passwordFile or passwordVariable";
    report(null, words, ["passwordFile", "passwordVariable"]);
    return null;
  }
  // Only own keys: every object inherits a property "constructor".
  const password = Object.hasOwn(environment, passwordVariable) && environment[passwordVariable];
  if (password) return password;
  const words = `the variable ${passwordVariable} is not set, neither in the environment nor in .env`;
  report("passwordVariable", words, ["passwordVariable"]);
  return null;
}

const TLS_KEYS = ["ca", "certificate", "key"] as const;
const TLS_NAMES = { url: "url", ca: "ca", certificate: "certificate", key: "key" };

function tlsOf(reading: Reading): Pick<BrokerConfig, "tls"> {
  const { entry, report } = reading;
  const [ca = null, certificate = null, key = null] = TLS_KEYS.map((one) => textOf(reading, one));
  const files = { ca, certificate, key };
  const tls = tlsConfig(files);
  // A file that cannot be read is reported already.
  const isRead = TLS_KEYS.every((one) => entry[one] === undefined || files[one] !== null);
  if (tls === undefined || !isRead) return {};
  for (const { field, words } of tlsProblems(entry.url, tls, TLS_NAMES)) {
    report(field, words, ["url", ...TLS_KEYS]);
  }
  return { tls };
}

const KINDS = {
  passwordFile: "password",
  ca: "certificates",
  certificate: "certificates",
  key: "key",
} as const;

function textOf({ entry, base, report }: Reading, key: keyof typeof KINDS): string | null {
  const file = entry[key];
  if (file === undefined) return null;
  const { text, problem } = readCredential(KINDS[key], resolve(base, file));
  if (problem !== null) report(key, problem, [key]);
  return text;
}
