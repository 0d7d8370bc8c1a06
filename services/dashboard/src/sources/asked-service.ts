import {
  errorCode,
  Fault,
  RequestFault,
  RoutesClient,
  type RoutesClientOptions,
} from "@weir/runtime";
import type { z } from "zod";

const ANSWER_MS_MAX = 10_000;
const NOT_REACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** What is said of a request that was not answered. */
interface Words {
  /** A sentence, for one that the service has not got. */
  nothingDone: string;
  /** A sentence, for one that it may have got. */
  perhapsDone: string;
  /** Names of the service's fields, where those of the API are others. */
  fields?: Readonly<Record<string, string>>;
}

/** A service that does what the API is asked for. What it refuses, and that it is away, become answers of the API. */
export class AskedService {
  readonly #name: string;
  readonly #settings: string;
  readonly #client: RoutesClient;
  readonly #words: Words;

  constructor(address: RoutesClientOptions, words: Words) {
    this.#name = address.service;
    this.#settings = address.settings ?? address.service.toUpperCase();
    this.#client = new RoutesClient(address);
    this.#words = words;
  }

  /**
   * Sends a request.
   *
   * @param body `null` for none.
   * @param signal default: one that aborts after 10 s.
   * @throws RequestFault for what the service refuses, and with status 503 when it cannot be asked.
   */
  async ask<T>(
    method: "GET" | "POST",
    path: string,
    schema: z.ZodType<T>,
    body: object | null = null,
    signal: AbortSignal = AbortSignal.timeout(ANSWER_MS_MAX),
  ): Promise<T> {
    try {
      return await this.#client.ask(method, path, schema, body, signal);
    } catch (error) {
      if (error instanceof RequestFault) throw this.#refusal(error);
      if (!(error instanceof Fault) && !signal.aborted) throw error;
      throw this.#away(error);
    }
  }

  #refusal({ status, problems }: RequestFault): RequestFault {
    const { fields = {}, nothingDone } = this.#words;
    // The token is this service's matter: who asks has signed in.
    if (status === 401) {
      const setting = `${this.#settings}_TOKEN_FILE`;
      return this.#fault(
        `the ${this.#name} does not take the token of the dashboard`,
        `Give both the same ${setting}. ${nothingDone}`,
      );
    }
    return new RequestFault(
      status,
      problems.map(({ field, ...rest }) => ({ ...rest, field: fields[field] ?? field })),
    );
  }

  #away(error: unknown): RequestFault {
    const { nothingDone, perhapsDone } = this.#words;
    if (!(error instanceof Fault)) {
      return this.#fault(`the ${this.#name} took too long to answer`, perhapsDone);
    }
    const { cause } = error;
    const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
    // Without a token nothing is sent.
    const isSent = cause instanceof TypeError && !NOT_REACHED.has(errorCode(reason) ?? "");
    return this.#fault(error.message, `${error.remedy} ${isSent ? perhapsDone : nothingDone}`);
  }

  #fault(problem: string, remedy: string): RequestFault {
    return new RequestFault(503, [
      { field: this.#settings.toLowerCase(), value: null, problem, remedy },
    ]);
  }
}
