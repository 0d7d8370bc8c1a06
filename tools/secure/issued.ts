import { X509Certificate } from "node:crypto";

// What the authority has signed for clients, as the database of `openssl ca`: a line each of
// status (V or R), end, time of revocation, serial number, "unknown", subject; with tabs between them.

/** A client's certificate. */
export interface Issued {
  user: string;
  expiresAt: Date;
  isRevoked: boolean;
}

/** The database with one more certificate. */
export function withCertificate(database: string, pem: string): string {
  const { serialNumber, validToDate, subject } = new X509Certificate(pem);
  return `${database}V\t${timeText(validToDate)}\t\t${serialNumber}\tunknown\t/${subject}\n`;
}

/** The database with each certificate of a user called back. */
export function withRevoked(database: string, user: string, now: Date): string {
  return rewritten(database, (line) => {
    const [status, end, , ...rest] = line.split("\t");
    const isMeant = status === "V" && userOf(line) === user;
    return isMeant ? ["R", end, timeText(now), ...rest].join("\t") : line;
  });
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

function rewritten(database: string, rewrite: (line: string) => string): string {
  return database
    .split("\n")
    .map((line) => (line === "" ? line : rewrite(line)))
    .join("\n");
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
