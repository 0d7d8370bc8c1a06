import { errorMessage, type ServiceContext } from "@weir/runtime";
import type { LiveEvents } from "../contract/live.ts";
import type { WorkflowsClient } from "./workflows-client.ts";

/** After the service was away. */
const RETRY_MS = 5_000;

/** What pages hear of workflows. */
export type WorkflowEvents = Pick<LiveEvents, "alerts" | "workflows">;
type Tell = <E extends keyof WorkflowEvents>(event: E, data: WorkflowEvents[E]) => void;

/** Asks the service workflows what has changed, as long as somebody wants to know. */
export class WorkflowNews {
  readonly #client: Pick<WorkflowsClient, "news">;
  readonly #context: Pick<ServiceContext, "clock" | "logger">;
  #open: WorkflowEvents["alerts"]["open"] = null;
  /** Of the newest news. */
  #number = 0;

  constructor(
    client: Pick<WorkflowsClient, "news">,
    context: Pick<ServiceContext, "clock" | "logger">,
  ) {
    this.#client = client;
    this.#context = context;
  }

  /** As it was when somebody wanted to know the last time. */
  get alerts(): WorkflowEvents["alerts"] {
    return { open: this.#open };
  }

  /** Tells of changes until it is disposed of. */
  follow(tell: Tell): Disposable {
    const ended = new AbortController();
    void this.#follow(tell, ended.signal);
    return { [Symbol.dispose]: () => ended.abort() };
  }

  async #follow(tell: Tell, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { number, flows, alertsChanged, open } = await this.#client.news(
          this.#number,
          signal,
        );
        if (signal.aborted) return;
        const isBack = this.#open === null;
        this.#number = number;
        this.#open = open;
        if (alertsChanged || isBack) tell("alerts", { open });
        if (flows.length > 0) tell("workflows", { flows });
      } catch (error) {
        if (signal.aborted) return;
        this.#context.logger.debug(
          { reason: errorMessage(error) },
          "there is no news of workflows",
        );
        if (this.#open !== null) tell("alerts", { open: null });
        this.#open = null;
        await this.#pause(signal);
      }
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#context.clock.schedule(RETRY_MS, resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
  }
}
