import { type Backoff, backoffMs, type Outage } from "./outage.ts";
import { CONNECTION_CLOSED, codeOf, SESSION_TAKEN_OVER } from "./packets/errors.ts";
import type { Shortfall } from "./shortfalls.ts";

/** Added to the usual wait. Both together stay below 20 s, so that a client is soon back once the other one has gone. */
const TAKEOVER_BACKOFF: Backoff = { baseMs: 1_000, capMs: 10_000 };
/** So many connections that the broker closes without DISCONNECT, each within `SHORT_MS`, look like takeovers. */
const SHORT_MIN = 3;
const SHORT_MS = 10_000;
/** A connection that lasts for so long ends the conflict: longer than two clients wait for each other. */
const UNDISTURBED_MS = 120_000;

/**
 * Notices another client with the same client id: each ends the connection of the other, forever. MQTT 5
 * brokers report a takeover; others close the connection, so several short ones in a row count as one.
 */
export class Takeovers {
  readonly #clientId: string;
  readonly #setting: string | null;
  /** Takeovers in this conflict. */
  #count = 0;
  /** Connections in a row that were closed soon and without DISCONNECT. */
  #short = 0;
  #wasTakeover = false;
  #isReported = false;

  /** @param setting the setting that holds the client id; `null` where there is none. */
  constructor(clientId: string, setting: string | null) {
    this.#clientId = clientId;
    this.#setting = setting;
  }

  /** Notes the end of a connection that was usable for `heldMs`. Returns whether it was a takeover. */
  ended(reason: unknown, heldMs: number): boolean {
    this.lasts(heldMs);
    const code = codeOf(reason);
    this.#short = code === CONNECTION_CLOSED && heldMs < SHORT_MS ? this.#short + 1 : 0;
    this.#wasTakeover = code === SESSION_TAKEN_OVER || this.#short >= SHORT_MIN;
    if (!this.#wasTakeover) return false;
    this.#isReported = code === SESSION_TAKEN_OVER;
    this.#count += 1;
    return true;
  }

  /** Notes a connection that ended before it was usable. Returns whether it was a takeover. */
  failed(error: unknown): boolean {
    // Where an answer is missing, the cause is the end of the connection.
    const reason = error instanceof Error ? (error.cause ?? error) : error;
    return codeOf(reason) === SESSION_TAKEN_OVER && this.ended(reason, 0);
  }

  /** Notes that the connection has lasted for `heldMs` and goes on. */
  lasts(heldMs: number): void {
    if (heldMs < UNDISTURBED_MS) return;
    this.#count = 0;
    this.#short = 0;
  }

  /** The outage, if its reason is a takeover. */
  outage(): Outage | null {
    return this.#wasTakeover ? this.#describe() : null;
  }

  /** What to report of the conflict while connected. */
  shortfalls(): Shortfall[] {
    if (this.#count === 0) return [];
    const { reason, remedy } = this.#describe();
    return [{ kind: "client id", reason: `${reason} (${this.#count} times). ${remedy}` }];
  }

  /**
   * How much longer to wait before the next attempt, so that the two clients do not always end each
   * other's connection. Ask once after each end.
   */
  takeWaitMs(random: number): number {
    if (!this.#wasTakeover) return 0;
    this.#wasTakeover = false;
    return backoffMs(TAKEOVER_BACKOFF, this.#count - 1, random);
  }

  #describe(): Outage {
    const other = `another client has the same client id ${this.#clientId}`;
    return {
      reason: this.#isReported
        ? other
        : `the broker ends each connection soon and without a reason; perhaps ${other}`,
      remedy:
        this.#setting === null
          ? "Give one of the two another client id."
          : `Does it run twice? Give one of the two another client id: ${this.#setting}.`,
    };
  }
}
