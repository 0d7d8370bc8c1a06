import {
  type Environment,
  EXIT_CODES,
  Fault,
  loggerAddress,
  loggerAddressSettings,
  processSettings,
  RequestFault,
  RoutesClient,
  type RoutesClientOptions,
  readSettings,
  storeSettings,
  workflowsAddress,
  workflowsAddressSettings,
} from "@weir/runtime";
import type { z } from "zod";

const { HTTP_HOST } = processSettings;
const loggerSettings = { ...storeSettings, HTTP_HOST, ...loggerAddressSettings };
const workflowsSettings = { ...storeSettings, HTTP_HOST, ...workflowsAddressSettings };

/** Asks a running service, as who has its token. */
export class ServiceClient {
  readonly #service: string;
  readonly #client: RoutesClient;
  readonly #signal: AbortSignal;

  /** @throws ConfigurationFault for settings that are wrong. */
  static logger(environment: Environment, signal: AbortSignal): ServiceClient {
    return new ServiceClient(loggerAddress(readSettings(loggerSettings, environment)), signal);
  }

  /** @throws ConfigurationFault for settings that are wrong. */
  static workflows(environment: Environment, signal: AbortSignal): ServiceClient {
    const settings = readSettings(workflowsSettings, environment);
    return new ServiceClient(workflowsAddress(settings), signal);
  }

  private constructor(address: RoutesClientOptions, signal: AbortSignal) {
    this.#service = address.service;
    this.#client = new RoutesClient(address);
    this.#signal = signal;
  }

  /**
   * Sends a request.
   *
   * @returns what the service answers.
   * @throws Fault when there is no token, or it does not answer or refuses; the signal's reason when that aborts.
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
      throw error instanceof RequestFault ? refusal(this.#service, error) : error;
    }
  }
}

function refusal(service: string, { status, problems }: RequestFault): Fault {
  const lines = problems.map(({ field, value, problem }) => {
    const shown = value === null || value === undefined ? "" : ` ${JSON.stringify(value)}`;
    return `${field}${shown}: ${problem}`;
  });
  return new Fault(`the ${service} refuses: ${lines.join("; ")}`, {
    remedy: problems[0]?.remedy ?? "Look into its log.",
    exitCode: status === 400 ? EXIT_CODES.configuration : EXIT_CODES.fault,
  });
}
