import { z } from "zod";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "./fault.ts";
import { RequestFault } from "./routes.ts";
import { readTokenFile } from "./token-file.ts";

/** A running service, and what entitles to ask it. */
export interface RoutesClientOptions {
  /** Its name, for messages. */
  service: string;
  /** What its settings begin with: `LOGGER` for `LOGGER_URL` and `LOGGER_TOKEN_FILE`. Default: its name. */
  settings?: string;
  url: string;
  tokenFile: string;
  /** What those may do who have the token, for messages: `delete data`. */
  entitlesTo: string;
}

const problemsSchema = z.object({
  problems: z.array(
    z.object({ field: z.string(), value: z.unknown(), problem: z.string(), remedy: z.string() }),
  ),
});

const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Asks a running service, as who has its token. */
export class RoutesClient {
  readonly #options: RoutesClientOptions;

  constructor(options: RoutesClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request, with the token that is in the file at this moment.
   *
   * @param body `null` for none.
   * @returns what the service answers.
   * @throws RequestFault when it refuses, Fault when there is no token or no answer, the signal's reason when that aborts.
   */
  async ask<T>(
    method: "GET" | "POST",
    path: string,
    schema: z.ZodType<T>,
    body: object | null,
    signal: AbortSignal,
  ): Promise<T> {
    const token = this.#token();
    const { ok, status, text } = await this.#send(path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === null ? null : JSON.stringify(body),
      redirect: "error",
      signal,
    });
    if (ok) return this.#parse(schema, text);
    throw new RequestFault(status, this.#parse(problemsSchema, text).problems);
  }

  async #send(path: string, request: RequestInit & { signal: AbortSignal }) {
    const { service, url } = this.#options;
    try {
      const response = await fetch(new URL(path, url), request);
      return { ok: response.ok, status: response.status, text: await readText(response) };
    } catch (cause) {
      if (request.signal.aborted) throw cause;
      // The reason of a connection that failed is the cause of what fetch throws.
      const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
      throw new Fault(`the ${service} does not answer at ${url}: ${errorMessage(reason)}`, {
        remedy: `Start the suite, or set ${this.#setting("URL")} to the ${service}'s address.`,
        exitCode: EXIT_CODES.unavailable,
        cause,
      });
    }
  }

  #parse<T>(schema: z.ZodType<T>, text: string): T {
    const { service, url } = this.#options;
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new Fault(`what answers at ${url} is no ${service} of this version`, {
        remedy: `Set ${this.#setting("URL")} to the ${service}'s address, and use the same version of Weir.`,
        exitCode: EXIT_CODES.unavailable,
        cause,
      });
    }
  }

  #token(): string {
    const { service, tokenFile, entitlesTo } = this.#options;
    let token: string;
    try {
      token = readTokenFile(tokenFile);
    } catch (cause) {
      throw new Fault(`${tokenFile} cannot be read: ${errorMessage(cause)}`, {
        remedy: this.#remedyOf(cause),
        exitCode: EXIT_CODES.unavailable,
        cause,
      });
    }
    if (token !== "") return token;
    throw new Fault(
      `${tokenFile} is empty: it should have the token of those who may ${entitlesTo}`,
      {
        remedy: `Remove it, and start the ${service} again: it makes another one. Or name the file in ${this.#setting("TOKEN_FILE")}.`,
        exitCode: EXIT_CODES.unavailable,
      },
    );
  }

  #remedyOf(cause: unknown): string {
    const { service, entitlesTo } = this.#options;
    const setting = this.#setting("TOKEN_FILE");
    switch (errorCode(cause)) {
      case "ENOENT":
        return `The ${service} makes it when it starts: start the suite, or name the file in ${setting}.`;
      case null:
        return `Name the ${service}'s file with its token in ${setting}.`;
      default:
        return `Only who can read it may ${entitlesTo}: run this as the user of the ${service}.`;
    }
  }

  #setting(name: "URL" | "TOKEN_FILE"): string {
    const { service, settings = service.toUpperCase() } = this.#options;
    return `${settings}_${name}`;
  }
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`it sends more than ${ANSWER_BYTES_MAX} bytes`);
  }
  return Buffer.concat(chunks).toString();
}
