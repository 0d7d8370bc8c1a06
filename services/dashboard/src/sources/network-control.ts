import { errorMessage, RequestFault } from "@weir/runtime";
import { z } from "zod";
import type { NetworkCommand, NetworkState } from "../contract/system.ts";

const ANSWER_MS_MAX = 3_000;

const answer = z.object({
  condition: z.string(),
  sinceMs: z.number().nullable(),
  commands: z.array(z.string()),
});

/** Cuts and restores the network of the debug composition. */
export class NetworkControl {
  readonly #url: string | null;

  /** @param url of the proxy's control; `null` where there is none. */
  constructor(url: string | null) {
    this.#url = url;
  }

  /** @throws RequestFault where the network does not answer. */
  async state(): Promise<NetworkState> {
    // Pages ask again and again: a browser would write each 404 to its console as an error.
    if (this.#url === null) return { condition: "none", sinceMs: null, commands: [] };
    return await this.#ask("GET", "/");
  }

  /** @returns the state after that. @throws RequestFault where there is no such network, or it does not answer. */
  command(command: NetworkCommand): Promise<NetworkState> {
    return this.#ask("POST", `/${command}`);
  }

  async #ask(method: "GET" | "POST", path: string): Promise<NetworkState> {
    if (this.#url === null) {
      const remedy = "Start the debug composition: docker compose -f docker-compose-debug.yml up.";
      throw fault(404, "this composition has no network that can be cut", remedy);
    }
    try {
      const response = await fetch(new URL(path, this.#url), {
        method,
        redirect: "error",
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      return answer.parse(await response.json());
    } catch (error) {
      const problem = `the network does not answer at ${this.#url}: ${errorMessage(error)}`;
      throw fault(503, problem, "Start the service network, or correct DASHBOARD_NETWORK_URL.");
    }
  }
}

function fault(status: number, problem: string, remedy: string): RequestFault {
  return new RequestFault(status, [{ field: "network", value: null, problem, remedy }]);
}
