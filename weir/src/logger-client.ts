import {
  type Environment,
  EXIT_CODES,
  Fault,
  loggerAddress,
  loggerAddressSettings,
  processSettings,
  RequestFault,
  RoutesClient,
  readSettings,
  storeSettings,
} from "@weir/runtime";
import type { z } from "zod";

const { HTTP_HOST } = processSettings;
const settings = { ...storeSettings, HTTP_HOST, ...loggerAddressSettings };

/** Asks a running logger, as who has its token. */
export class LoggerClient {
  readonly #client: RoutesClient;
  readonly #signal: AbortSignal;

  /** @throws ConfigurationFault for settings that are wrong. */
  constructor(environment: Environment, signal: AbortSignal) {
    this.#client = new RoutesClient(loggerAddress(readSettings(settings, environment)));
    this.#signal = signal;
  }

  /**
   * Sends a request.
   *
   * @returns what the logger answers.
   * @throws Fault when there is no token, or the logger does not answer or refuses; the signal's reason when that aborts.
   */
  async ask<T>(
    method: "GET" | "POST",
    path: string,
    schema: z.ZodType<T>,
    body: object | null = null,
  ): Promise<T> {
    try {
      return await this.#client.ask(method, path, schema, body, this.#signal);
    } catch (error) {
      throw error instanceof RequestFault ? refusal(error) : error;
    }
  }
}

function refusal({ status, problems }: RequestFault): Fault {
  const lines = problems.map(({ field, value, problem }) => {
    const shown = value === null || value === undefined ? "" : ` ${JSON.stringify(value)}`;
    return `${field}${shown}: ${problem}`;
  });
  return new Fault(`the logger refuses: ${lines.join("; ")}`, {
    remedy: problems[0]?.remedy ?? "Look into its log.",
    exitCode: status === 400 ? EXIT_CODES.configuration : EXIT_CODES.fault,
  });
}
