import { z } from "zod";
import { type CredentialKind, readCredential } from "./credential.ts";
import { ConfigurationFault, type Environment } from "./environment.ts";
import { type Draft, optionalText, type SettingValues, section, text } from "./setting.ts";
import { type TlsConfig, tlsConfig, tlsProblems } from "./tls.ts";

/** Where the broker is, and who is there. */
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
      "File with the authorities that are trusted to vouch for the broker, instead of the usual ones. For TLS.",
    allowed: "the path of a PEM file with certificates",
  }),
  BROKER_CERTIFICATE_FILE: credentialFile("certificates", {
    description: "File with the certificate that tells the broker who this is. For TLS.",
    allowed: "the path of a PEM file with a certificate",
  }),
  BROKER_KEY_FILE: credentialFile("key", {
    description: "File with the private key of BROKER_CERTIFICATE_FILE.",
    allowed: "the path of a PEM file with a private key that has no passphrase",
  }),
});

/** Who the commands are at the broker that run beside a service, with its environment. */
export const toolSettings = section("Broker", {
  BROKER_TOOLS_USERNAME: optionalText({
    description:
      "User name of npm run audit, replay and verify-stats at a broker where each user has one connection, and the service has its own; without one BROKER_USERNAME is theirs, too.",
    allowed: "text",
  }),
  BROKER_TOOLS_PASSWORD_FILE: optionalText({
    description: "File with the password of BROKER_TOOLS_USERNAME.",
    allowed: "the path of a file that can be read",
  }),
});

/** The environment of a service, as a command that runs beside it takes it. */
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

/** A file that is read together with the settings; the value is what it holds. */
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

/** How to reach the broker, as the link takes it. */
export interface BrokerConfig {
  url: string;
  username: string | null;
  password: string | null;
  /** Where TLS needs more than the URL. */
  tls?: TlsConfig;
}

/**
 * The broker's address out of its settings: `BROKER_URL` wins over `BROKER`.
 *
 * @throws ConfigurationFault with what the settings do not agree on.
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

/** Whether the environment names a broker of the user's own. */
export function namesBroker(environment: Environment): boolean {
  return Boolean(environment.BROKER?.trim() || environment.BROKER_URL?.trim());
}
