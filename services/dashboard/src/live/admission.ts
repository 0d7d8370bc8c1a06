import { RequestFault } from "@weir/runtime";

/** Live streams in all. Each takes some memory, and a connection. */
const STREAMS_MAX = 200;
/** Of one user, however many windows are open. */
const STREAMS_PER_USER_MAX = 100;
/** From one address: behind a proxy all users may have the same. */
const STREAMS_PER_ADDRESS_MAX = 150;
/** After which a client that was refused may ask again. */
export const RETRY_AFTER_SECONDS = 30;

/** Who opens a live stream. */
export interface Client {
  /** `null` where nobody has to sign in. */
  user: string | null;
  address: string;
  /** Whether that user is still signed in. */
  isCurrent: () => boolean;
}

/** Counts the live streams that are open, so that nobody takes what others need. */
export class Admission {
  #open = 0;
  readonly #byUser = new Map<string, number>();
  readonly #byAddress = new Map<string, number>();

  /** Lets a client in. Disposing of the answer makes room again. @throws RequestFault where there is no room. */
  admit({ user, address }: Pick<Client, "user" | "address">): Disposable {
    if (this.#open >= STREAMS_MAX) throw fullFault("in all", STREAMS_MAX);
    if (user !== null && countOf(this.#byUser, user) >= STREAMS_PER_USER_MAX) {
      throw fullFault("of one user", STREAMS_PER_USER_MAX);
    }
    if (countOf(this.#byAddress, address) >= STREAMS_PER_ADDRESS_MAX) {
      throw fullFault("from one address", STREAMS_PER_ADDRESS_MAX);
    }
    const count = (change: 1 | -1): void => {
      this.#open += change;
      if (user !== null) add(this.#byUser, user, change);
      add(this.#byAddress, address, change);
    };
    count(1);
    const leaving = new DisposableStack();
    leaving.defer(() => count(-1));
    return leaving;
  }
}

const countOf = (counts: ReadonlyMap<string, number>, key: string): number => counts.get(key) ?? 0;

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = countOf(counts, key) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function fullFault(whose: string, max: number): RequestFault {
  return new RequestFault(503, [
    {
      field: "live",
      value: null,
      problem: `there are already ${max} live streams ${whose}`,
      remedy: `Close pages that nobody looks at; ask again in ${RETRY_AFTER_SECONDS} seconds.`,
    },
  ]);
}
