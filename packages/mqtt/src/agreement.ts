import type { Connection, ProtocolVersion } from "./connection.ts";
import type { Subscription } from "./message.ts";
import type { Negotiated } from "./negotiate.ts";
import { isUnreached } from "./outage.ts";
import {
  createSessionMemory,
  type SessionMemory,
  type SessionRecord,
  subscriptionDifference,
} from "./session-memory.ts";

/** What to subscribe to, where it depends on what the broker can do. */
export type Subscriptions =
  | readonly Subscription[]
  | ((version: ProtocolVersion) => readonly Subscription[]);

/** Keeps the subscriptions of a session at the broker what its owner wants them to be. */
export interface Agreement {
  /**
   * Opens a connection with `negotiate`, and has its session agree with what is wanted.
   *
   * @throws what `negotiate` throws, or when the broker refuses a subscription.
   */
  reach(negotiate: () => Promise<Negotiated>): Promise<Negotiated>;
  /** The connection is not used any more. */
  leave(): void;
  /**
   * Wants something else from now on; resolves when a live session has it.
   *
   * @throws when the broker refuses, or the connection ends before it has answered.
   */
  change(subscriptions: Subscriptions): Promise<void>;
}

export function createAgreement(
  subscriptions: Subscriptions,
  memory: SessionMemory = createSessionMemory(),
): Agreement {
  let wanted = subscriptions;
  let live: Connection | null = null;
  /** One change after the other: each starts from what the one before has left. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = last.then(task);
    last = turn.catch(() => {
      // Whoever asked for it knows.
    });
    return turn;
  }

  async function reach(negotiate: () => Promise<Negotiated>): Promise<Negotiated> {
    const known = memory.load();
    // From CONNECT on nothing is sure, until the broker has agreed.
    if (known.isAgreed) memory.save({ ...known, isAgreed: false });
    await using opening = new AsyncDisposableStack();
    const opened = opening.use(await orRemember(negotiate, known));
    await agree(opened, known);
    live = opened;
    opening.move();
    return opened;
  }

  async function orRemember(
    negotiate: () => Promise<Negotiated>,
    known: SessionRecord,
  ): Promise<Negotiated> {
    try {
      return await negotiate();
    } catch (error) {
      // No CONNECT came through, so the session is what it was.
      if (isUnreached(error)) memory.save(known);
      throw error;
    }
  }

  /** A session that the broker kept is taken as it is, as far as its subscriptions are the wanted ones. */
  async function agree(opened: Negotiated, known: SessionRecord): Promise<void> {
    const { sessionPresent, isSecondAttempt } = opened;
    await apply(opened, {
      subscriptions: sessionPresent ? known.subscriptions : [],
      isAgreed: sessionPresent && known.isAgreed && !isSecondAttempt,
    });
  }

  async function apply(opened: Connection, has: SessionRecord): Promise<void> {
    const all = typeof wanted === "function" ? wanted(opened.protocolVersion) : wanted;
    const difference = subscriptionDifference(has.subscriptions, all);
    const subscribe = has.isAgreed ? difference.subscribe : all;
    const { unsubscribe } = difference;
    if (subscribe.length > 0 || unsubscribe.length > 0) {
      // Until the broker has agreed to everything, the session may have the ones and the others.
      const both = [...has.subscriptions, ...difference.subscribe];
      memory.save({ subscriptions: both, isAgreed: false });
    }
    // The new ones first: a message that both match comes twice for a moment, instead of not at all.
    if (subscribe.length > 0) await opened.subscribe(subscribe);
    if (unsubscribe.length > 0) await opened.unsubscribe(unsubscribe);
    memory.save({ subscriptions: all, isAgreed: true });
  }

  return {
    reach: (negotiate) => inTurn(() => reach(negotiate)),
    leave: () => {
      live = null;
    },
    change: async (subscriptions) => {
      wanted = subscriptions;
      await inTurn(async () => {
        if (live !== null) await apply(live, memory.load());
      });
    },
  };
}
