import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { z } from "zod";
import { ConfigurationFault, type Environment } from "./environment.ts";
import { errorMessage } from "./fault.ts";
import { type Draft, optionalText, type SettingValues, section, text } from "./setting.ts";

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

/** What a file is to hold: a password, one certificate or several in PEM, or a private key in PEM. */
export type CredentialKind = "password" | "certificates" | "key";

/** The text of a file, or why it is of no use, as that completes "<field>: …". */
type Credential = { text: string; problem: null } | { text: null; problem: string };

/** Reads a file that proves who somebody is. Its text stands in no problem. */
export function readCredential(kind: CredentialKind, file: string): Credential {
  try {
    const text = textOf(readFileSync(file));
    return kind === "password" ? passwordIn(text) : pemIn(text, PEM_PROBLEMS[kind]);
  } catch (error) {
    return wrong(`it cannot be read: ${errorMessage(error)}`);
  }
}

/** Editors end the last line; a password has no part in that. */
function passwordIn(text: string): Credential {
  const password = text.replace(/\r?\n$/, "");
  return password === "" ? wrong("it is empty; write the password into it") : sound(password);
}

function pemIn(text: string, problemOf: (pem: string) => string | null): Credential {
  const problem = problemOf(text);
  return problem === null ? sound(text) : wrong(problem);
}

const PEM_PROBLEMS = { certificates: certificatesProblem, key: keyProblem };
const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

function certificatesProblem(text: string): string | null {
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    return "it holds no certificate in PEM, a text that begins with -----BEGIN CERTIFICATE-----";
  }
  const broken = certificates.findIndex((certificate) => !isCertificate(certificate));
  return broken === -1
    ? null
    : `certificate number ${broken + 1} in it cannot be read; copy it anew`;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

function keyProblem(text: string): string | null {
  try {
    createPrivateKey(text);
    return null;
  } catch {
    return text.includes("ENCRYPTED")
      ? "the key in it wants a passphrase, for which there is no setting; write it without one, into a file that nobody else may read"
      : "it holds no private key in PEM, a text that begins with -----BEGIN PRIVATE KEY-----";
  }
}

function sound(text: string): Credential {
  return { text, problem: null };
}

function wrong(problem: string): Credential {
  return { text: null, problem };
}

/** What TLS needs beside a URL that asks for it; all in PEM. */
export interface TlsConfig {
  /** The authorities that are trusted, and no others; `null` for those that Node.js trusts. */
  ca: string | null;
  /** Who this client is, with the certificates between it and its authority. */
  certificate: string | null;
  /** The certificate's private key. */
  key: string | null;
}

/** What the fields are called where they were configured. */
type TlsNames = Readonly<Record<keyof TlsConfig | "url", string>>;

/** A field that does not go together with the others. */
interface TlsProblem {
  field: keyof TlsConfig;
  /** What is wrong and how to mend it. */
  words: string;
}

/** `undefined` where nothing was given, so that a broker without it stays as short as it was. */
export function tlsConfig(given: TlsConfig): TlsConfig | undefined {
  return Object.values(given).every((pem) => pem === null) ? undefined : given;
}

const FIELDS = ["ca", "certificate", "key"] as const satisfies (keyof TlsConfig)[];
const ENCRYPTED = /^(mqtts|wss):/i;

/** What a broker's TLS and its URL do not agree on. */
export function tlsProblems(url: string, tls: TlsConfig, names: TlsNames): TlsProblem[] {
  if (!ENCRYPTED.test(url)) {
    const words = `nothing is encrypted without TLS; begin ${names.url} with mqtts:// or wss://, or take this out`;
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
  return [{ field, words: `it is of no use without ${names[missing]}; give both, or neither` }];
}
