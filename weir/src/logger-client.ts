import { readFileSync } from "node:fs";
import { loggerSettings, tokenFileBeside } from "@weir/logger/config";
import {
  type Environment,
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  readSettings,
} from "@weir/runtime";
import { z } from "zod";

const { DB_FILE, HTTP_HOST, LOGGER_HTTP_PORT, LOGGER_TOKEN_FILE, LOGGER_URL } = loggerSettings;
const settings = { DB_FILE, HTTP_HOST, LOGGER_HTTP_PORT, LOGGER_TOKEN_FILE, LOGGER_URL };

const problemsSchema = z.object({
  problems: z.array(
    z.object({ field: z.string(), value: z.unknown(), problem: z.string(), remedy: z.string() }),
  ),
});

/** Asks a running logger, as who has its token. */
export class LoggerClient {
  readonly #url: string;
  readonly #token: string;
  readonly #signal: AbortSignal;

  /** @throws Fault without a token, ConfigurationFault for settings that are wrong. */
  constructor(environment: Environment, signal: AbortSignal) {
    const values = readSettings(settings, environment);
    this.#url =
      values.LOGGER_URL ?? `http://${hostOf(values.HTTP_HOST)}:${values.LOGGER_HTTP_PORT}`;
    this.#token = readToken(values.LOGGER_TOKEN_FILE ?? tokenFileBeside(values.DB_FILE));
    this.#signal = signal;
  }

  /**
   * Sends a request.
   *
   * @returns what the logger answers.
   * @throws Fault when it does not answer or refuses; the signal's reason when that aborts.
   */
  async ask<T>(
    method: "GET" | "POST",
    path: string,
    schema: z.ZodType<T>,
    body?: object,
  ): Promise<T> {
    const { status, text } = await this.#send(method, path, body);
    if (status >= 200 && status < 300) return parse(schema, text, this.#url);
    const { problems } = parse(problemsSchema, text, this.#url);
    const [first] = problems;
    const lines = problems.map(({ field, value, problem }) => {
      const shown = value === null || value === undefined ? "" : ` ${JSON.stringify(value)}`;
      return `${field}${shown}: ${problem}`;
    });
    throw new Fault(`the logger refuses: ${lines.join("; ")}`, {
      remedy: first?.remedy ?? "Look into its log.",
      exitCode: status === 400 ? EXIT_CODES.configuration : EXIT_CODES.fault,
    });
  }

  async #send(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(new URL(path, this.#url), {
        method,
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: "error",
        signal: this.#signal,
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      if (this.#signal.aborted) throw cause;
      // The reason of a connection that failed is the cause of what fetch throws.
      const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
      throw new Fault(`the logger does not answer at ${this.#url}: ${errorMessage(reason)}`, {
        remedy: "Start the suite, or set LOGGER_URL to the logger's address.",
        exitCode: EXIT_CODES.unavailable,
        cause,
      });
    }
  }
}

/** An address to connect to: a server that listens on all addresses is on this machine, too. */
function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function readToken(file: string): string {
  const token = readText(file).trim();
  if (token !== "") return token;
  throw new Fault(`${file} is empty: it should have the token of those who may delete`, {
    remedy:
      "Remove it, and start the logger again: it makes another one. Or name the file in LOGGER_TOKEN_FILE.",
    exitCode: EXIT_CODES.unavailable,
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const isMissing = errorCode(cause) === "ENOENT";
    throw new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: isMissing
        ? "The logger makes it when it starts: start the suite, or name the file in LOGGER_TOKEN_FILE."
        : "Only who can read it may delete data: run this as the user of the logger.",
      exitCode: EXIT_CODES.unavailable,
      cause,
    });
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, url: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault(`what answers at ${url} is no logger of this version`, {
      remedy: "Set LOGGER_URL to the logger's address, and use the same version of Weir.",
      exitCode: EXIT_CODES.unavailable,
      cause,
    });
  }
}
