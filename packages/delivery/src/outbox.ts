import type { InboundMessage, ReconnectingClient, Subscription } from "@weir/mqtt";
import { isName, parseReceipt } from "@weir/protocol";
import { type Clock, isLocked } from "@weir/runtime";
import { createLockRetries } from "./lock-retries.ts";
import { OUTBOX_LIMITS, type OutboxLimits } from "./outbox-schema.ts";
import { type Acceptance, openQueue } from "./queue.ts";
import { createSender, type MessageOutcome } from "./sender.ts";

export interface OutboxOptions {
  file: string;
  /**
   * Who sends: 1 to 64 letters, digits, dots, underscores or hyphens. One outbox each. Who sends on topics of a
   * device uses its id: the logger believes no other name there.
   */
  publisher: string;
  /** `receipt`: a message leaves the outbox when it is stored. `puback`: when the broker has it. */
  confirm?: "receipt" | "puback";
  limits?: Partial<OutboxLimits>;
  onOutcome?: (outcome: MessageOutcome) => void;
  /** Called when another program locks the outbox's file, which is waited for, and when it does not any more. */
  onLocked?: (isLocked: boolean) => void;
  /** Called when the outbox's file fails, after which nothing is promised. */
  onFault: (fault: unknown) => void;
  clock: Clock;
}

/**
 * A durable queue to send from: what it has accepted is stored at the other end once, whatever is
 * killed or cut off in between. The application gives it a client and passes on what the client says.
 */
export interface Outbox extends AsyncDisposable {
  /** What the client must subscribe to: this publisher's receipts. */
  subscription: Subscription;
  /** Takes a message in; resolves when it is safe on disk, or refused. Many at once share one commit. */
  accept(topic: string, payload: object): Promise<Acceptance>;
  /** For the client's `onConnected`. */
  connected(client: Pick<ReconnectingClient, "publish">): void;
  /** For the client's `onDisconnected`. */
  disconnected(): void;
  /** For the client's `onMessage`; true when the message was a receipt. */
  receive(message: InboundMessage): boolean;
  /** How much waits. */
  size(): { rows: number; bytes: number };
}

interface Handed {
  topic: string;
  payload: object;
  acceptance: PromiseWithResolvers<Acceptance>;
}

const ANNOUNCE_MS = 1_000;

/** @throws Fault when the file is open elsewhere or cannot be written. */
export function openOutbox(options: OutboxOptions): Outbox {
  const { file, publisher, clock, onFault } = options;
  if (!isName(publisher)) throw new TypeError(`${JSON.stringify(publisher)} is not a name`);
  const limits = { ...OUTBOX_LIMITS, ...options.limits };
  const confirm = options.confirm ?? "receipt";
  const queue = openQueue({ file, publisher, limits });
  let client: Pick<ReconnectingClient, "publish"> | null = null;
  let handed: Handed[] = [];
  let announced = "";

  const retries = createLockRetries({ clock, onLocked: options.onLocked ?? (() => {}), onFault });
  const sender = createSender({
    queue,
    retries,
    limits,
    confirm,
    publish: async (topic, payload) => {
      if (client === null) throw new Error("there is no connection to the broker");
      await client.publish(topic, payload, { qos: 1 });
    },
    onOutcome: options.onOutcome ?? (() => {}),
    onFault,
    clock,
  });

  /** Everything that was handed in since the last commit, in one. */
  function commit(): void {
    const batch = handed;
    handed = [];
    if (batch.length === 0) return;
    sender.heedClock();
    const reject = (fault: unknown): void => {
      for (const { acceptance } of batch) acceptance.reject(fault);
    };
    const isTaken = retries.run(() => take(batch, reject), reject);
    if (isTaken) sender.wake();
    else {
      const reason = "the outbox is locked by another program, and too much waits for it already";
      for (const { acceptance } of batch) acceptance.resolve({ kind: "refused", reason });
    }
  }

  /** @throws when another program has the file locked. */
  function take(batch: readonly Handed[], reject: (fault: unknown) => void): void {
    let acceptances: Acceptance[];
    try {
      acceptances = queue.accept(batch, clock.now());
    } catch (fault) {
      if (isLocked(fault)) throw fault;
      reject(fault);
      return;
    }
    batch.forEach(({ acceptance }, index) => {
      const given = acceptances[index];
      if (given !== undefined) acceptance.resolve(given);
    });
  }

  async function announce(): Promise<void> {
    if (client === null) return;
    const entries = queue.announcement();
    const news = JSON.stringify(entries);
    if (news === announced) return;
    const payload = JSON.stringify({ at: Math.floor(clock.now() / 1_000), entries });
    try {
      await client.publish(`weir/publisher/${publisher}`, payload, { qos: 1, retain: true });
      announced = news;
    } catch {
      // The client says why; the next tick or connection announces it.
    }
  }

  const timer = clock.repeat(ANNOUNCE_MS, () => void announce().catch(onFault));
  return {
    subscription: { filter: `weir/receipt/${publisher}`, qos: 1 },
    accept: (topic, payload) => {
      const acceptance = Promise.withResolvers<Acceptance>();
      if (handed.length === 0) setImmediate(commit);
      handed.push({ topic, payload, acceptance });
      return acceptance.promise;
    },
    connected: (connectedLink) => {
      client = connectedLink;
      announced = "";
      sender.connected();
      void announce().catch(onFault);
    },
    disconnected: () => {
      client = null;
      sender.disconnected();
    },
    receive: ({ topic, payload }) => {
      if (topic !== `weir/receipt/${publisher}`) return false;
      const receipt = parseReceipt(payload);
      if (receipt !== null && confirm === "receipt") sender.receive(receipt);
      return true;
    },
    size: queue.size,
    [Symbol.asyncDispose]: async () => {
      commit();
      timer[Symbol.dispose]();
      sender[Symbol.dispose]();
      retries[Symbol.dispose]();
      queue[Symbol.dispose]();
    },
  };
}
