import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorMessage } from "@weir/fault";
import { textOf } from "@weir/messages";

/** What a file is to hold: a password, one certificate or several in PEM, or a private key in PEM. */
export type CredentialKind = "password" | "certificates" | "key";

/** The text of a file, or why it is of no use, as that completes "<field>: …". */
export type Credential = { text: string; problem: null } | { text: null; problem: string };

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
