import { type Backoff, backoffMs } from "./backoff.ts";
import type { Shortfall } from "./grants.ts";
import { codeOf, HUNG_UP, type Outage, SESSION_TAKEN_OVER } from "./outage.ts";

/**
 * Watches for another client with the same client id: each ends the connection of the other, for ever.
 * MQTT 5 brokers say it; others hang up, so several short connections in a row are taken for the same.
 */
export interface Takeovers {
  /** Notes the end of a connection that was usable for `heldMs`. Returns whether it was a takeover. */
  ended(reason: unknown, heldMs: number): boolean;
  /** The connection holds for `heldMs`. */
  holds(heldMs: number): void;
  /** What to say of an end instead of what its reason says; `null` if it was no takeover. */
  outage(): Outage | null;
  /** What to show of it while connected. */
  shortfalls(): Shortfall[];
  /** How much longer to wait before the next attempt, asked once behind each end, so that the two do not throw each other out all the time. */
  waitMs(random: number): number;
}

/** Beside the usual wait: for a minute at most, half of it in the mean. */
const BACKOFF: Backoff = { baseMs: 1_000, capMs: 60_000 };
/** So many connections that the broker ends without a word, each within `SHORT_MS`, look like takeovers. */
const SHORT_MIN = 3;
const SHORT_MS = 10_000;
/** A connection that holds for so long has nobody against it: longer than two clients that wait for each other. */
const UNDISTURBED_MS = 120_000;

/** @param setting the setting that holds the client id; `null` where there is none. */
export function createTakeovers(clientId: string, setting: string | null): Takeovers {
  /** Takeovers in this dispute, and connections in a row that were ended soon and without a word. */
  let count = 0;
  let short = 0;
  let wasTakeover = false;
  let isTold = false;

  function describe(): Outage {
    const remedy =
      setting === null
        ? "Give one of the two another client id."
        : `Does it run twice? Give one of the two another client id: ${setting}.`;
    const reason = isTold
      ? `another client has the same client id ${clientId}`
      : `the broker ends each connection soon and without a word; perhaps another client has the same client id ${clientId}`;
    return { reason, remedy };
  }

  function holds(heldMs: number): void {
    if (heldMs < UNDISTURBED_MS) return;
    count = 0;
    short = 0;
  }

  return {
    ended: (reason, heldMs) => {
      holds(heldMs);
      const code = codeOf(reason);
      short = code === HUNG_UP && heldMs < SHORT_MS ? short + 1 : 0;
      wasTakeover = code === SESSION_TAKEN_OVER || short >= SHORT_MIN;
      if (!wasTakeover) return false;
      isTold = code === SESSION_TAKEN_OVER;
      count += 1;
      return true;
    },
    holds,
    outage: () => (wasTakeover ? describe() : null),
    shortfalls: () => {
      if (count === 0) return [];
      const { reason, remedy } = describe();
      return [{ kind: "client id", reason: `${reason} (${count} times). ${remedy}` }];
    },
    waitMs: (random) => {
      if (!wasTakeover) return 0;
      wasTakeover = false;
      return backoffMs(BACKOFF, count - 1, random);
    },
  };
}
