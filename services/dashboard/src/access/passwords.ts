import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { RequestFault } from "@weir/runtime";

const derive: (algorithm: "argon2id", parameters: Argon2Parameters) => Promise<Buffer> =
  promisify(argon2);

/** Each takes its memory and a thread meanwhile. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 16;
const MEMORY_KIB = 19 * 1_024;
const PASSES = 2;
const PARALLELISM = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, as other programs write it, too. */
const STORED = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([\w+/]+)\$([\w+/]+)$/;

/** Hashes passwords with Argon2id [RFC 9106], a few at once. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @returns a text with the parameters, to be stored. @throws RequestFault when too many wait. */
  async hash(password: string): Promise<string> {
    const nonce = randomBytes(SALT_BYTES);
    const tag = await this.#inTurn(() => derive("argon2id", parametersOf(password, nonce)));
    return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${PARALLELISM}$${unpadded(nonce)}$${unpadded(tag)}`;
  }

  /**
   * Whether a password is the one that was stored.
   *
   * @param stored `null` for a user who does not exist: it takes as long, and the answer is no.
   * @throws RequestFault when too many wait.
   */
  async fits(password: string, stored: string | null): Promise<boolean> {
    const [, memory, passes, parallelism, salt, tag] = STORED.exec(stored ?? "") ?? [];
    if (salt === undefined || tag === undefined) {
      await this.hash(password);
      return false;
    }
    const expected = Buffer.from(tag, "base64");
    const parameters = {
      ...parametersOf(password, Buffer.from(salt, "base64")),
      memory: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
      tagLength: expected.length,
    };
    const given = await this.#inTurn(() => derive("argon2id", parameters));
    return timingSafeEqual(given, expected);
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < AT_ONCE_MAX) this.#running += 1;
    else await this.#turn();
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** Resolves when another one has ended, whose place it takes. */
  async #turn(): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      throw new RequestFault(503, [
        {
          field: "password",
          value: null,
          problem: "too many passwords are being checked at this moment",
          remedy: "Try again in a few seconds.",
        },
      ]);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }
}

function parametersOf(password: string, nonce: Buffer): Argon2Parameters {
  return {
    // One text can be written in several ways in Unicode.
    message: password.normalize("NFC"),
    nonce,
    memory: MEMORY_KIB,
    passes: PASSES,
    parallelism: PARALLELISM,
    tagLength: TAG_BYTES,
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
