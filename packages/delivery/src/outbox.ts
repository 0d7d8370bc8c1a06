import type { InboundMessage, ReconnectingClient, Subscription } from "@weir/mqtt";
import { isName, parseReceipt } from "@weir/protocol";
import { type Clock, isLocked } from "@weir/runtime";
import { LockRetries } from "./lock-retries.ts";
import { type Acceptance, OUTBOX_LIMITS, type OutboxLimits, openQueue } from "./queue.ts";
import { type MessageOutcome, Sender } from "./sender.ts";

export interface OutboxOptions {
  file: string;
  /**
   * The sender's name: 1 to 64 letters, digits, dots, underscores or hyphens. Each has one outbox. On the topics
   * of a device it must be the device's id: the logger accepts no other name there.
   */
  publisher: string;
  /** `receipt`: a message leaves the outbox when it is stored. `puback`: when the broker has it. */
  confirm?: "receipt" | "puback";
  limits?: Partial<OutboxLimits>;
  onOutcome?: (outcome: MessageOutcome) => void;
  /** Called when the outbox begins to wait for another program's lock on its file, and when that wait ends. */
  onLocked?: (isLocked: boolean) => void;
  /** Called when the outbox's file fails. From then on nothing is guaranteed. */
  onFault: (fault: unknown) => void;
  clock: Clock;
}

interface Handed {
  topic: string;
  payload: object;
  acceptance: PromiseWithResolvers<Acceptance>;
}

const ANNOUNCE_MS = 1_000;

/**
 * A durable send queue: what it has accepted is stored at the other end once, whatever is killed or cut
 * off in between. The application gives it a client and forwards the client's callbacks.
 */
export type Outbox = ReturnType<typeof openOutbox>;

/** @throws Fault when another process has the file open, or when it cannot be written. */
export function openOutbox({
  file,
  publisher,
  confirm = "receipt",
  onOutcome = () => {},
  onLocked = () => {},
  onFault,
  clock,
  ...options
}: OutboxOptions) {
  if (!isName(publisher)) throw new TypeError(`${JSON.stringify(publisher)} is not a name`);
  const limits = { ...OUTBOX_LIMITS, ...options.limits };
  const queue = openQueue({ file, publisher, limits });
  let client: Pick<ReconnectingClient, "publish"> | null = null;
  let handed: Handed[] = [];
  let announced = "";

  const retries = new LockRetries(clock, onLocked, onFault);
  const sender = new Sender({
    queue,
    retries,
    limits,
    confirm,
    publish: async (topic, payload) => {
      if (client === null) throw new Error("there is no connection to the broker");
      await client.publish(topic, payload, { qos: 1 });
    },
    onOutcome,
    onFault,
    clock,
  });
  const receipts: Subscription = { filter: `weir/receipt/${publisher}`, qos: 1 };

  /** Stores everything that was handed in since the last commit, in one transaction. */
  function commit(): void {
    const batch = handed;
    handed = [];
    if (batch.length === 0) return;
    sender.adjustAges();
    const reject = (fault: unknown): void => {
      for (const { acceptance } of batch) acceptance.reject(fault);
    };
    const store = (): void => {
      try {
        const acceptances = queue.accept(batch, clock.now());
        for (const [index, given] of acceptances.entries()) batch[index]?.acceptance.resolve(given);
      } catch (fault) {
        if (isLocked(fault)) throw fault;
        reject(fault);
      }
    };
    if (retries.run(store, reject)) {
      sender.wake();
      return;
    }
    const reason = "the outbox is locked by another program, and too much waits for it already";
    for (const { acceptance } of batch) acceptance.resolve({ kind: "refused", reason });
  }

  async function announce(): Promise<void> {
    if (client === null) return;
    const entries = queue.announcement();
    const changed = JSON.stringify(entries);
    if (changed === announced) return;
    const payload = JSON.stringify({ at: Math.floor(clock.now() / 1_000), entries });
    try {
      await client.publish(`weir/publisher/${publisher}`, payload, { qos: 1, retain: true });
      announced = changed;
    } catch {
      // The client logs why. The next tick or connection announces it.
    }
  }

  const timer = clock.repeat(ANNOUNCE_MS, () => void announce().catch(onFault));
  return {
    /** What the client must subscribe to: this publisher's receipts. */
    subscription: receipts,
    /** Accepts a message: resolves when it is safe on disk, or refused. Many at once share one commit. */
    accept: (topic: string, payload: object): Promise<Acceptance> => {
      const acceptance = Promise.withResolvers<Acceptance>();
      if (handed.length === 0) setImmediate(commit);
      handed.push({ topic, payload, acceptance });
      return acceptance.promise;
    },
    /** For the client's `onConnected`. */
    connected: (connectedClient: Pick<ReconnectingClient, "publish">): void => {
      client = connectedClient;
      announced = "";
      sender.connected();
      void announce().catch(onFault);
    },
    /** For the client's `onDisconnected`. */
    disconnected: (): void => {
      client = null;
      sender.disconnected();
    },
    /** For the client's `onMessage`; true when the message was a receipt. */
    receive: ({ topic, payload }: InboundMessage): boolean => {
      if (topic !== receipts.filter) return false;
      const receipt = parseReceipt(payload);
      if (receipt !== null && confirm === "receipt") sender.receive(receipt);
      return true;
    },
    /** How much waits. */
    size: queue.size,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      commit();
      timer[Symbol.dispose]();
      sender[Symbol.dispose]();
      retries[Symbol.dispose]();
      queue[Symbol.dispose]();
    },
  };
}
