import { pbkdf2Sync, randomBytes } from "node:crypto";

const PASSWORD_BYTES = 24;
const SALT_BYTES = 64;
const HASH_BYTES = 64;
/** Mosquitto computes it in its only thread. The passwords are random, so a slower hash would protect nothing. */
const ITERATIONS = 1_000;

/** A password that nobody guesses, of letters, digits, hyphens and underscores. */
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
