import { createPrivateKey, X509Certificate } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { z } from "zod";
import { ConfigurationFault, errorCode, errorMessage } from "./fault.ts";
import {
  type Draft,
  type Environment,
  integer,
  optionalText,
  type SettingValues,
  section,
} from "./settings.ts";

const DEFAULT_PORTS = { "mqtt:": 1_883, "mqtts:": 8_883, "ws:": 80, "wss:": 443 } as const;

/** The broker, and the user there. */
export const brokerSettings = section("Broker", {
  BROKER: optionalText({
    description:
      "Host of the MQTT broker, with a port if it is not the usual one (host:port). Without it and BROKER_URL: localhost, with BROKER_PORT.",
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
  BROKER_PORT: integer({
    description:
      "Port of the broker that npm start brings, on 127.0.0.1. It has no effect where BROKER or BROKER_URL is set; then npm start brings none.",
    default: DEFAULT_PORTS["mqtt:"],
    min: 1,
    max: 65_535,
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
      "User name of the commands weir audit, doctor, replay and verify-stats, and of the dashboard's audits, at a broker where each user has one connection and the service has its own. Without it they use BROKER_USERNAME.",
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

/** A setting that names a file with a secret or a certificate; its value is the content of the file. */
export function credentialFile(
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

/** The host and the port that a broker's URL names; an IPv6 address is without its brackets. */
export function brokerAddress(url: string): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const ports: Readonly<Record<string, number>> = DEFAULT_PORTS;
  return { host, port: Number(port) || (ports[protocol] ?? 0) };
}

/**
 * The broker of the settings. `BROKER_URL` takes precedence over `BROKER`, and that over `BROKER_PORT`.
 *
 * @throws ConfigurationFault for settings that contradict each other.
 */
export function brokerConfig(values: SettingValues<typeof brokerSettings>): BrokerConfig {
  const { BROKER_URL, BROKER, BROKER_PORT } = values;
  // The usual port stays out: sessions are remembered by this text.
  const local = BROKER_PORT === DEFAULT_PORTS["mqtt:"] ? "localhost" : `localhost:${BROKER_PORT}`;
  const url = BROKER_URL ?? `mqtt://${BROKER ?? local}`;
  const files = {
    ca: values.BROKER_CA_FILE,
    certificate: values.BROKER_CERTIFICATE_FILE,
    key: values.BROKER_KEY_FILE,
  };
  const tls = tlsConfig(files);
  const found = tlsProblems(url, files, NAMES);
  const problems = found.map(({ field, words }) => `${NAMES[field]}: ${words}`);
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

/** The content of a file: a password, one or several certificates in PEM, or a private key in PEM. */
type CredentialKind = keyof typeof CREDENTIAL_PROBLEMS;

/** The text of a file, or why it cannot be used, as it completes "<field>: …". */
type Credential = { text: string; problem: null } | { text: null; problem: string };

/** Reads a file with a secret or a certificate. No problem contains its text. */
export function readCredential(kind: CredentialKind, file: string): Credential {
  try {
    const bytes = readAtMost(file, CREDENTIAL_BYTES_MAX + 1);
    if (bytes.length > CREDENTIAL_BYTES_MAX) {
      return { text: null, problem: `it is larger than ${CREDENTIAL_BYTES_MAX} bytes` };
    }
    const content = textOf(bytes);
    // The line end that editors add is not part of the password.
    const text = kind === "password" ? content.replace(/\r?\n$/, "") : content;
    const problem = CREDENTIAL_PROBLEMS[kind](text);
    return problem === null ? { text, problem } : { text: null, problem };
  } catch (error) {
    const words = `it cannot be read: ${errorMessage(error)}`;
    const remedy = `; let user ${process.getuid?.()} read it: chown ${process.getuid?.()} ${file}`;
    return { text: null, problem: errorCode(error) === "EACCES" ? words + remedy : words };
  }
}

/** All authorities that a system trusts are a quarter of it. */
const CREDENTIAL_BYTES_MAX = 1_048_576;

/** Also from a pipe, which has no size; a device may have no end. */
function readAtMost(file: string, bytesMax: number): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(bytesMax);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytesMax; length += read) {
      read = readSync(descriptor, bytes, length, bytesMax - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

const CREDENTIAL_PROBLEMS = {
  password: (text: string): string | null =>
    text === "" ? "it is empty; write the password into it" : null,
  certificates: (text: string): string | null => {
    const certificates = text.match(CERTIFICATE) ?? [];
    if (certificates.length === 0) {
      return "it holds no certificate in PEM, a text that begins with -----BEGIN CERTIFICATE-----";
    }
    const broken = certificates.findIndex((pem) => !canRead(() => new X509Certificate(pem)));
    return broken === -1
      ? null
      : `certificate number ${broken + 1} in it cannot be read; copy it again`;
  },
  key: (text: string): string | null => {
    if (canRead(() => createPrivateKey(text))) return null;
    return text.includes("ENCRYPTED")
      ? "the key in it needs a passphrase, for which there is no setting; write it without one, into a file that only this user can read"
      : "it holds no private key in PEM, a text that begins with -----BEGIN PRIVATE KEY-----";
  },
};

function canRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** What TLS needs beside the URL; all in PEM. */
export interface TlsConfig {
  /** The only trusted authorities; `null` for those that Node.js trusts. */
  ca: string | null;
  /** The client's certificate, with those between it and its authority. */
  certificate: string | null;
  /** The certificate's private key. */
  key: string | null;
}

/** `undefined` where nothing is given. */
export function tlsConfig(given: TlsConfig): TlsConfig | undefined {
  return Object.values(given).every((pem) => pem === null) ? undefined : given;
}

const FIELDS = ["ca", "certificate", "key"] as const satisfies (keyof TlsConfig)[];
const ENCRYPTED = /^(mqtts|wss):/i;

/**
 * The contradictions between a broker's URL and the fields of its TLS, with words how to fix them.
 *
 * @param names of the fields in the configuration.
 */
export function tlsProblems(
  url: string,
  tls: TlsConfig,
  names: Readonly<Record<keyof TlsConfig | "url", string>>,
): { field: keyof TlsConfig; words: string }[] {
  if (!ENCRYPTED.test(url)) {
    const words = `nothing is encrypted without TLS; begin ${names.url} with mqtts:// or wss://, or remove this`;
    return FIELDS.filter((field) => tls[field] !== null).map((field) => ({ field, words }));
  }
  const { certificate, key } = tls;
  if (certificate !== null && key !== null) {
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    const words = `it is not the key of the certificate in ${names.certificate}; name the one that belongs to it`;
    return isPair ? [] : [{ field: "key", words }];
  }
  const [field, missing] =
    key === null ? (["certificate", "key"] as const) : (["key", "certificate"] as const);
  if (tls[field] === null) return [];
  return [{ field, words: `it cannot be used without ${names[missing]}; give both, or neither` }];
}
