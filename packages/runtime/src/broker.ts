import { Counter, Gauge, type Registry } from "prom-client";
import { z } from "zod";
import {
  type CredentialKind,
  readCredential,
  type TlsConfig,
  tlsConfig,
  tlsProblems,
} from "./credentials.ts";
import { ConfigurationFault, type Environment } from "./environment.ts";
import type { Health } from "./health.ts";
import { type Draft, optionalText, type SettingValues, section, text } from "./setting.ts";

/** The broker, and the user there. */
export const brokerSettings = section("Broker", {
  BROKER: text({
    description: "Host of the MQTT broker, with a port if it is not the usual one (host:port).",
    default: "localhost",
    allowed: "a host name or address, optionally with :port",
    problem: (host) =>
      URL.canParse(`mqtt://${host}`) && !/[/@\s]/.test(host)
        ? null
        : "for a whole URL use BROKER_URL",
  }),
  BROKER_URL: optionalText({
    description:
      "Whole URL of the broker, instead of BROKER; mqtts:// for TLS, wss:// for websockets.",
    allowed: "a URL that begins with mqtt://, mqtts://, ws:// or wss://",
    pattern: /^(mqtts?|wss?):\/\/[^\s/]+/,
    problem: (url) =>
      URL.canParse(url) ? null : "the characters / : @ of a password are written %2F %3A %40",
  }),
  BROKER_USERNAME: optionalText({
    description: "User name at the broker.",
    allowed: "text",
  }),
  BROKER_PASSWORD: optionalText({
    description: "Password at the broker.",
    allowed: "text",
    secret: true,
  }),
  BROKER_PASSWORD_FILE: credentialFile("password", {
    description: "File with the password at the broker, instead of BROKER_PASSWORD.",
    allowed: "the path of a file that can be read",
  }),
  BROKER_CA_FILE: credentialFile("certificates", {
    description:
      "File with the certificate authorities that are trusted to sign the broker's certificate, instead of the default ones. For TLS.",
    allowed: "the path of a PEM file with certificates",
  }),
  BROKER_CERTIFICATE_FILE: credentialFile("certificates", {
    description: "File with the client certificate that this service sends to the broker. For TLS.",
    allowed: "the path of a PEM file with a certificate",
  }),
  BROKER_KEY_FILE: credentialFile("key", {
    description: "File with the private key of BROKER_CERTIFICATE_FILE.",
    allowed: "the path of a PEM file with a private key that has no passphrase",
  }),
});

/** The user of commands that run with the environment of a service. */
export const toolSettings = section("Broker", {
  BROKER_TOOLS_USERNAME: optionalText({
    description:
      "User name of the commands weir audit, replay and verify-stats, at a broker where each user has one connection and the service has its own. Without it they use BROKER_USERNAME.",
    allowed: "text",
  }),
  BROKER_TOOLS_PASSWORD_FILE: optionalText({
    description: "File with the password of BROKER_TOOLS_USERNAME.",
    allowed: "the path of a file that can be read",
  }),
});

/** The environment for a command that runs beside a service. */
export function toolEnvironment(environment: Environment): Environment {
  const username = environment.BROKER_TOOLS_USERNAME?.trim();
  if (!username) return environment;
  return {
    ...environment,
    BROKER_USERNAME: username,
    BROKER_PASSWORD: "",
    BROKER_PASSWORD_FILE: environment.BROKER_TOOLS_PASSWORD_FILE,
  };
}

/** A setting that names a file; its value is the content of the file. */
function credentialFile(
  kind: CredentialKind,
  description: Pick<Draft<unknown>, "description" | "allowed">,
): Draft<string | null> {
  return {
    schema: z.string().transform((file, context) => {
      const { text, problem } = readCredential(kind, file);
      if (problem === null) return text;
      context.addIssue({ code: "custom", message: problem });
      return z.NEVER;
    }),
    default: null,
    ...description,
    secret: false,
  };
}

/** How to reach a broker. */
export interface BrokerConfig {
  url: string;
  username: string | null;
  password: string | null;
  /** What TLS needs beside the URL. */
  tls?: TlsConfig;
}

/**
 * The broker of the settings. `BROKER_URL` takes precedence over `BROKER`.
 *
 * @throws ConfigurationFault for settings that contradict each other.
 */
export function brokerConfig(values: SettingValues<typeof brokerSettings>): BrokerConfig {
  const url = values.BROKER_URL ?? `mqtt://${values.BROKER}`;
  const tls = tlsConfig({
    ca: values.BROKER_CA_FILE,
    certificate: values.BROKER_CERTIFICATE_FILE,
    key: values.BROKER_KEY_FILE,
  });
  const problems =
    tls === undefined
      ? []
      : tlsProblems(url, tls, NAMES).map(({ field, words }) => `${NAMES[field]}: ${words}`);
  if (values.BROKER_PASSWORD !== null && values.BROKER_PASSWORD_FILE !== null) {
    problems.push("BROKER_PASSWORD_FILE: there is also BROKER_PASSWORD; keep one of them");
  }
  if (problems.length > 0) throw new ConfigurationFault(problems);
  return {
    url,
    username: values.BROKER_USERNAME,
    password: values.BROKER_PASSWORD ?? values.BROKER_PASSWORD_FILE,
    ...(tls && { tls }),
  };
}

const NAMES = {
  url: "BROKER_URL",
  ca: "BROKER_CA_FILE",
  certificate: "BROKER_CERTIFICATE_FILE",
  key: "BROKER_KEY_FILE",
} as const;

/** Whether the environment names a broker. */
export function namesBroker(environment: Environment): boolean {
  return Boolean(environment.BROKER?.trim() || environment.BROKER_URL?.trim());
}

/** Something that a service asks of its broker and does not get. */
interface Shortfall {
  kind: string;
  /** In words for an operator. */
  reason: string;
}

/** Without these a service is not ready: it does not receive what it must. Other shortfalls are warnings. */
const NOT_READY: ReadonlySet<string> = new Set(["filter"]);

const SHORTFALLS = "weir_broker_shortfalls";
const TAKEOVERS = "weir_broker_takeovers_total";

export type BrokerCheck = ReturnType<typeof watchBroker>;

/**
 * Shows the state of a connection to a broker in `/readyz` and `/metrics`. The result is spread into the
 * options of the connection's client.
 *
 * @param name of the check, and the label of the metrics.
 */
export function watchBroker(
  { health, metrics }: { health: Health; metrics: Registry },
  name = "broker",
) {
  const check = health.check(name);
  const { shortfallGauge, takeoverCounter } = metricsIn(metrics);
  const labels = { connection: name };
  takeoverCounter.inc(labels, 0);
  let isConnected = false;
  let shortfalls: readonly Shortfall[] = [];

  function show(): void {
    if (!isConnected) return;
    const reasons = (isBlocking: boolean): string[] =>
      shortfalls
        .filter(({ kind }) => NOT_READY.has(kind) === isBlocking)
        .map(({ reason }) => reason);
    const blocking = reasons(true);
    if (blocking.length > 0) check.fail(blocking.join(" "));
    else check.pass(reasons(false));
  }

  return {
    onConnected: (): void => {
      isConnected = true;
      show();
    },
    onDisconnected: (reason: string): void => {
      isConnected = false;
      check.fail(reason);
    },
    onShortfalls: (found: readonly Shortfall[]): void => {
      for (const { kind } of shortfalls) shortfallGauge.remove({ ...labels, kind });
      shortfalls = found;
      for (const { kind } of shortfalls) shortfallGauge.inc({ ...labels, kind });
      show();
    },
    onTakeover: (): void => takeoverCounter.inc(labels),
  };
}

/** A service may have several brokers. The metrics are registered once. */
function metricsIn(registry: Registry): { shortfallGauge: Gauge; takeoverCounter: Counter } {
  const registers = [registry];
  const shortfallGauge =
    (registry.getSingleMetric(SHORTFALLS) as Gauge | undefined) ??
    new Gauge({
      name: SHORTFALLS,
      help: "What the broker does not grant, by kind; filter: the number of refused filters.",
      labelNames: ["connection", "kind"],
      registers,
    });
  const takeoverCounter =
    (registry.getSingleMetric(TAKEOVERS) as Counter | undefined) ??
    new Counter({
      name: TAKEOVERS,
      help: "Connections that another client of the same client id seems to have ended.",
      labelNames: ["connection"],
      registers,
    });
  return { shortfallGauge, takeoverCounter };
}
