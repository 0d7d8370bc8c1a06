import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { textOf } from "@weir/protocol";
import { errorMessage } from "./fault.ts";

/** The content of a file: a password, one or several certificates in PEM, or a private key in PEM. */
export type CredentialKind = "password" | "certificates" | "key";

/** The text of a file, or why it cannot be used, as it completes "<field>: …". */
type Credential = { text: string; problem: null } | { text: null; problem: string };

/** Reads a file with a secret or a certificate. No problem contains its text. */
export function readCredential(kind: CredentialKind, file: string): Credential {
  try {
    const text = textOf(readFileSync(file));
    return kind === "password" ? passwordIn(text) : pemIn(text, PEM_PROBLEMS[kind]);
  } catch (error) {
    return wrong(`it cannot be read: ${errorMessage(error)}`);
  }
}

/** The line end that editors add is not part of the password. */
function passwordIn(text: string): Credential {
  const password = text.replace(/\r?\n$/, "");
  return password === "" ? wrong("it is empty; write the password into it") : valid(password);
}

function pemIn(text: string, problemOf: (pem: string) => string | null): Credential {
  const problem = problemOf(text);
  return problem === null ? valid(text) : wrong(problem);
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
    : `certificate number ${broken + 1} in it cannot be read; copy it again`;
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
      ? "the key in it needs a passphrase, for which there is no setting; write it without one, into a file that only this user can read"
      : "it holds no private key in PEM, a text that begins with -----BEGIN PRIVATE KEY-----";
  }
}

function valid(text: string): Credential {
  return { text, problem: null };
}

function wrong(problem: string): Credential {
  return { text: null, problem };
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
