import { randomUUID } from "node:crypto";
import { textOf } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import type { Answered, Broker, Grants, Session, Subscription } from "./connection/connection.ts";
import { negotiateConnection, openerFor } from "./connection/negotiate.ts";
import { describeOutage, type Outage, pause } from "./outage.ts";
import type { ProtocolVersion } from "./packets/message.ts";
import { receiverOf } from "./receiver.ts";
import {
  connectionShortfalls,
  refusalOf,
  type Shortfall,
  subscriptionShortfalls,
} from "./shortfalls.ts";

/** What a broker answers to a client that only looks at it. */
export type Probe =
  | ({ kind: "away" } & Outage)
  /** A client id of no other client has a session: the broker takes the user name in its place. */
  | { kind: "shared session" }
  | {
      kind: "answered";
      protocolVersion: ProtocolVersion;
      grants: Grants;
      shortfalls: readonly Shortfall[];
      /** What it calls itself on `$SYS/broker/version`; `null` where it does not say. */
      version: string | null;
    };

export interface ProbeOptions {
  /** For how long a client of the suite asks for its session, in seconds. */
  expirySeconds: number;
  /** What clients of the suite subscribe to. */
  subscriptions: readonly Subscription[];
  clock: Clock;
  signal: AbortSignal;
}

const TIMEOUTS = { connectMs: 2_000, disconnectMs: 500 };
const VERSION_TOPIC = "$SYS/broker/version";
/** A retained message comes with SUBACK, or at once behind it. */
const VERSION_MS_MAX = 300;

/**
 * Connects twice, under a client id of its own: for a session that is kept, so that CONNACK says what the broker
 * grants of it, and for a clean one, which removes that. Nothing of another client's session is taken, acknowledged
 * or removed: not at a broker either that has one session for each user.
 */
export async function probeBroker(broker: Broker, options: ProbeOptions): Promise<Probe> {
  const { expirySeconds, subscriptions, clock, signal } = options;
  const clientId = `weir-probe-${randomUUID()}`;
  const version = Promise.withResolvers<string>();
  let isForeign = false;

  const receiver = receiverOf({
    onBatch: (messages) => {
      if (isForeign) throw new Error("it is another client's session");
      for (const { topic, payload } of messages) {
        if (topic === VERSION_TOPIC) version.resolve(textOf(payload));
      }
    },
    onFault: () => {
      // The connection has ended, and nothing was acknowledged.
    },
  });
  const open = (session: Session) =>
    negotiateConnection(
      openerFor("direct", broker),
      {
        ...broker,
        clientId,
        session,
        will: null,
        receiver,
        onOpened: ({ sessionPresent }) => {
          isForeign = session.kind === "persistent" && sessionPresent;
        },
        timeouts: TIMEOUTS,
        clock,
      },
      signal,
    );

  async function grantsOfSession(): Promise<Grants | null> {
    await using kept = await open({ kind: "persistent", expirySeconds });
    // After a CONNECT without an answer the session may be that of this probe.
    return kept.sessionPresent && !kept.isSecondAttempt ? null : kept.grants;
  }

  try {
    const grants = await grantsOfSession();
    if (grants === null) return { kind: "shared session" };
    await using clean = await open({ kind: "clean" });
    const { protocolVersion } = clean;
    const answers: Answered[] = [];
    const asked = [...subscriptions, { filter: VERSION_TOPIC, qos: 0 } as const];
    const allowed = asked.filter((subscription) => {
      const code = refusalOf(subscription, grants);
      if (code !== null) answers.push({ subscription, code });
      return code === null;
    });
    await clean.subscribe(
      allowed.map((subscription) => ({ ...subscription, withRetained: true })),
      (answer) => answers.push(answer),
    );
    const late = pause(clock, VERSION_MS_MAX, signal).then(() => null);
    return {
      kind: "answered",
      protocolVersion,
      grants,
      shortfalls: [
        ...connectionShortfalls(grants, protocolVersion, expirySeconds),
        ...subscriptionShortfalls(
          answers.filter(({ subscription }) => subscription.filter !== VERSION_TOPIC),
        ),
      ],
      version: await Promise.race([version.promise, late]),
    };
  } catch (error) {
    return { kind: "away", ...describeOutage(error) };
  }
}
