import { execFileSync } from "node:child_process";
import { generateKeyPairSync, pbkdf2Sync, randomBytes, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_CODES, errorCode, Fault } from "@weir/runtime";

/** Ten years: a certificate that ends unnoticed silences every device. */
/** How long a certificate holds, unless it is said. */
export const VALID_DAYS = 3_650;
const SERIAL_BYTES = 16;
/** The names that the broker has on the machine itself and in Compose's network. */
const OWN_HOSTS = ["mosquitto", "localhost", "127.0.0.1"] as const;

/** A certificate and its key: paths of PEM files. */
export interface Signed {
  certificateFile: string;
  keyFile: string;
}

/** A new private key as PEM, on the curve P-256, which small devices know, too. */
export function generateKey(): string {
  const encoding = { type: "pkcs8", format: "pem" } as const;
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: encoding,
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}

/** The self-signed certificate of an authority, as PEM. */
export function certifyAuthority(keyFile: string): string {
  const extensions = [
    "basicConstraints = critical,CA:TRUE,pathlen:0",
    "keyUsage = critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier = hash",
  ];
  const request = ["req", "-x509", "-new", "-sha256", "-days", String(VALID_DAYS), "-key", keyFile];
  return withConfiguration("Weir authority", extensions, (configuration) =>
    openssl([...request, ...configuration]),
  );
}

/** The broker's certificate for these names and addresses, and for its own ones. */
export function certifyServer(
  authority: Signed,
  keyFile: string,
  { hosts, days }: { hosts: readonly string[]; days: number },
): string {
  const names = [...new Set([...hosts, ...OWN_HOSTS])];
  const alternatives = names.map((host) => (isIP(host) === 0 ? `DNS:${host}` : `IP:${host}`));
  return certify(authority, keyFile, {
    commonName: "Weir broker",
    days,
    extensions: ["extendedKeyUsage = serverAuth", `subjectAltName = ${alternatives.join(",")}`],
  });
}

/** A certificate that proves this user. */
export function certifyClient(authority: Signed, keyFile: string, user: string): string {
  return certify(authority, keyFile, {
    commonName: user,
    extensions: ["extendedKeyUsage = clientAuth"],
  });
}

/** The list of revoked certificates, as PEM, from a database of `openssl ca`. */
export function certifyRevocations(authority: Signed, database: string): string {
  return inFolder((folder) => {
    const [configuration, databaseFile] = [join(folder, "openssl.cnf"), join(folder, "database")];
    writeFileSync(databaseFile, database);
    // Beyond its term the broker would refuse every certificate, not only those that are on it.
    const settings = [
      ...[`database = ${databaseFile}`, "default_md = sha256"],
      `default_crl_days = ${VALID_DAYS}`,
    ];
    writeFileSync(configuration, `[ca]\ndefault_ca = own\n[own]\n${settings.join("\n")}\n`);
    const signer = ["-cert", authority.certificateFile, "-keyfile", authority.keyFile];
    return openssl(["ca", "-gencrl", "-config", configuration, ...signer]);
  });
}

/** Until when a list of revocations is valid. */
export function nextUpdateOf(listFile: string): Date {
  const text = openssl(["crl", "-in", listFile, "-noout", "-nextupdate"]);
  return new Date(text.trim().replace("nextUpdate=", ""));
}

function certify(
  authority: Signed,
  keyFile: string,
  {
    commonName,
    extensions,
    days = VALID_DAYS,
  }: { commonName: string; extensions: readonly string[]; days?: number },
): string {
  const all = [
    "basicConstraints = critical,CA:FALSE",
    "keyUsage = critical,digitalSignature",
    "subjectKeyIdentifier = hash",
    "authorityKeyIdentifier = keyid",
    ...extensions,
  ];
  const serial = `0x01${randomBytes(SERIAL_BYTES).toString("hex")}`;
  return withConfiguration(commonName, all, ([option, configurationFile]) => {
    const request = openssl(["req", "-new", "-sha256", "-key", keyFile, option, configurationFile]);
    const signer = ["-CA", authority.certificateFile, "-CAkey", authority.keyFile];
    const extending = ["-extfile", configurationFile, "-extensions", "extensions"];
    const terms = ["-sha256", "-days", String(days), "-set_serial", serial];
    return openssl(["x509", "-req", ...signer, ...terms, ...extending], request);
  });
}

function withConfiguration(
  commonName: string,
  extensions: readonly string[],
  use: (option: readonly ["-config", string]) => string,
): string {
  return inFolder((folder) => {
    const file = join(folder, "openssl.cnf");
    const request = ["distinguished_name = name", "x509_extensions = extensions", "prompt = no"];
    const name = ["[name]", `CN = ${commonName}`];
    const lines = ["[req]", ...request, ...name, "[extensions]", ...extensions, ""];
    writeFileSync(file, lines.join("\n"));
    return use(["-config", file]);
  });
}

function inFolder(use: (folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-certificate-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs openssl, without a shell; returns its output. */
function openssl(args: readonly string[], input = ""): string {
  try {
    return execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new Fault("the program openssl was not found; it is needed for certificates", {
      remedy:
        "Install it (apt-get install openssl, dnf install openssl, brew install openssl), and try again.",
      exitCode: EXIT_CODES.unavailable,
      cause: error,
    });
  }
}

const PASSWORD_BYTES = 24;
/** Mosquitto 2.0 reads no other length; 2.1 reads 12 and 64. */
const SALT_BYTES = 12;
const HASH_BYTES = 64;
/** Mosquitto computes it in its only thread. The passwords are random, so a slower hash would protect nothing. */
const ITERATIONS = 1_000;

/** A random password of letters, digits, hyphens and underscores. */
export function randomPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/** A line of Mosquitto's password file: PBKDF2 with SHA-512, `$7$<iterations>$<salt>$<hash>`. */
function passwordLine(user: string, password: string): string {
  const salt = randomBytes(SALT_BYTES);
  const hash = pbkdf2Sync(password, salt, ITERATIONS, HASH_BYTES, "sha512");
  return `${user}:$7$${ITERATIONS}$${salt.toString("base64")}$${hash.toString("base64")}\n`;
}

/** The password file, with this user's password in place of any that it had. */
export function withPassword(passwords: string, user: string, password: string): string {
  return withoutPassword(passwords, user) + passwordLine(user, password);
}

export function hasPassword(passwords: string, user: string): boolean {
  return passwords.split("\n").some((line) => line.startsWith(`${user}:`));
}

export function withoutPassword(passwords: string, user: string): string {
  const lines = passwords.split("\n").filter((line) => line !== "" && !line.startsWith(`${user}:`));
  return lines.map((line) => `${line}\n`).join("");
}

// What the authority has signed for clients, as the database of `openssl ca`: a line each of
// status (V or R), end, time of revocation, serial number, "unknown", subject; with tabs between them.

/** A client's certificate. */
interface Issued {
  user: string;
  expiresAt: Date;
  isRevoked: boolean;
}

/** The database with one more certificate. */
export function withCertificate(database: string, pem: string): string {
  const { serialNumber, validToDate, subject } = new X509Certificate(pem);
  return `${database}V\t${timeText(validToDate)}\t\t${serialNumber}\tunknown\t/${subject}\n`;
}

/** The database with each certificate of a user revoked. */
export function withRevoked(database: string, user: string, now: Date): string {
  const lines = database.split("\n").map((line) => {
    const [status, end, , ...rest] = line.split("\t");
    const isMeant = status === "V" && userOf(line) === user;
    return isMeant ? ["R", end, timeText(now), ...rest].join("\t") : line;
  });
  return lines.join("\n");
}

export function issuedIn(database: string): Issued[] {
  return database
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [status, end = ""] = line.split("\t");
      return { user: userOf(line), expiresAt: readTime(end), isRevoked: status === "R" };
    });
}

function userOf(line: string): string {
  return line.slice(line.lastIndexOf("CN=") + "CN=".length);
}

/** YYMMDDHHMMSSZ up to 2049, YYYYMMDDHHMMSSZ from 2050 on, as certificates have it (RFC 5280, 4.1.2.5). */
function timeText(time: Date): string {
  const digits = time.toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return time.getUTCFullYear() < 2050 ? digits.slice(2) : digits;
}

function readTime(text: string): Date {
  const digits = text.length === "YYMMDDHHMMSSZ".length ? `20${text}` : text;
  return new Date(digits.replace(/(....)(..)(..)(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
}
