import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  createDelivery,
  type Delivery,
  type DeliveryOptions,
  isExpired,
  ON_MAINS,
} from "@weir/delivery";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  freePort,
  readingNow,
  temporaryFolder,
} from "@weir/testkit";
import { startLoggerAt, storedValues } from "../chain.ts";

/** Where a client finds its broker again after a pause that has grown meanwhile. */
const TIMEOUT_MS = 60_000;
const textOf = ({ payload }: { payload: Buffer }) => JSON.parse(payload.toString());

const KINDS = {
  temperature: { class: "telemetry" },
  button: { class: "event" },
  doorbell: { class: "event", ttlMs: 300 },
  // Of use for longer than a slow machine takes to start a broker and a logger.
  gate: { class: "event", ttlMs: 600_000 },
  window: { class: "alarm" },
} as const;

type Kind = keyof typeof KINDS;

interface Device extends AsyncDisposable {
  delivery: Delivery<Kind>;
  /** "connected", "disconnected", in order. */
  states: string[];
  earlier: unknown[];
}

function startDevice(
  port: number,
  file: string,
  options: Partial<DeliveryOptions<Kind>> = {},
): Device {
  const states: string[] = [];
  const earlier: unknown[] = [];
  const context = createTestContext();
  const delivery = createDelivery({
    client: {
      broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
      clientId: `device-${crypto.randomUUID()}`,
      session: { kind: "clean" },
      onConnected: () => states.push("connected"),
      onDisconnected: () => states.push("disconnected"),
      logger: context.logger,
    },
    kinds: KINDS,
    outbox: { file, publisher: "kitchen", onFault: context.fail },
    onEarlierOutcome: (outcome) => earlier.push(outcome),
    power: ON_MAINS,
    clock: systemClock,
    ...options,
  });
  delivery.start();
  return {
    delivery,
    states,
    earlier,
    [Symbol.asyncDispose]: async () => {
      await delivery[Symbol.asyncDispose]();
      expect(context.faults).toEqual([]);
    },
  };
}

describe("the classes of delivery", () => {
  test("report sent for telemetry, delivered for an event and for a stored alarm", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using _logger = await startLoggerAt(broker.port, folder);
    await using subscriber = await connectTestClient(broker.port, "home/#");
    await using device = startDevice(broker.port, folder.file("outbox.db"));
    const { delivery, states } = device;
    await eventually(() => states.includes("connected"));
    const outcomes = await Promise.all([
      delivery.send("temperature", "home/temperature", { celsius: 20 }),
      delivery.send("button", "home/button", { pressed: true }),
      delivery.send("window", "DATA", readingNow(7)),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["sent", "delivered", "delivered"]);
    expect(storedValues(folder)).toEqual([7]);
    await eventually(() => subscriber.received.length === 2);
    expect(subscriber.received.map(({ topic }) => topic).sort()).toEqual([
      "home/button",
      "home/temperature",
    ]);
    expect(delivery.attempts()).toBe(0);
  });

  test(
    "keep the latest reading, the press that is of use and the alarm, until there is a broker",
    async () => {
      using folder = temporaryFolder();
      const port = await freePort();
      const clock = createFakeClock(Date.now());
      await using device = startDevice(port, folder.file("outbox.db"), {
        clock,
        random: () => 0.5,
      });
      const { delivery, states } = device;
      await eventually(() => states.includes("disconnected"));
      const replaced = delivery.send("temperature", "home/temperature", { celsius: 20 });
      const waiting = [
        delivery.send("temperature", "home/temperature", { celsius: 21 }),
        delivery.send("gate", "home/gate", { pressed: true }),
        delivery.send("window", "DATA", readingNow(8)),
      ];
      expect(await replaced).toEqual({ kind: "dropped", reason: "replaced by a newer one" });

      await using broker = await startBroker({ port });
      await using _logger = await startLoggerAt(broker.port, folder);
      await using subscriber = await connectTestClient(broker.port, "home/#");
      // It tries again only now that all the others are there.
      await eventually(() => {
        if (delivery.attempts() === 0) clock.advance(100);
        return states.includes("connected");
      });
      const outcomes = await Promise.all(waiting);
      expect(outcomes.map(({ kind }) => kind)).toEqual(["sent", "delivered", "delivered"]);
      expect(storedValues(folder)).toEqual([8]);
      const received = await eventually(
        () => subscriber.received.length === 2 && subscriber.received.map(textOf),
      );
      expect(received).toContainEqual({ celsius: 21 });
      expect(received).toContainEqual({ pressed: true, expiresAt: expect.any(Number) });
    },
    TIMEOUT_MS,
  );

  test(
    "never send a press that expired while there was no broker, and reported it",
    async () => {
      using folder = temporaryFolder();
      const port = await freePort();
      await using device = startDevice(port, folder.file("outbox.db"));
      const { delivery, states } = device;
      const late = await delivery.send("doorbell", "home/doorbell", { press: "late" });
      expect(late).toMatchObject({ kind: "expired" });

      await using broker = await startBroker({ port });
      await using subscriber = await connectTestClient(broker.port, "home/#");
      await eventually(() => states.includes("connected"));
      // Events go out in their order, so the late one would have come before this.
      const sentinel = await delivery.send("button", "home/doorbell", { press: "in time" });
      expect(sentinel).toEqual({ kind: "delivered" });
      await eventually(() => subscriber.received.length > 0);
      expect(subscriber.received.map((message) => textOf(message).press)).toEqual(["in time"]);
    },
    TIMEOUT_MS,
  );

  test("let a receiver see that a press which the broker kept is late", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using subscriber = await connectTestClient(broker.port, "home/#");
    await using device = startDevice(broker.port, folder.file("outbox.db"));
    await eventually(() => device.states.includes("connected"));
    const atMs = Date.now();
    await device.delivery.send("button", "home/button", { pressed: true });
    const [message] = await eventually(
      () => subscriber.received.length === 1 && subscriber.received,
    );
    const press = textOf(message as { payload: Buffer });
    expect(press.expiresAt).toBeGreaterThanOrEqual(atMs / 1_000 + 15);
    expect([atMs, Date.now() + 15_000].map((nowMs) => isExpired(press, nowMs))).toEqual([
      false,
      true,
    ]);
  });

  test(
    "deliver an alarm of an earlier run, and report that, too",
    async () => {
      using folder = temporaryFolder();
      const port = await freePort();
      const file = folder.file("outbox.db");
      const device = startDevice(port, file);
      const kept = device.delivery.send("window", "DATA", readingNow(9));
      await eventually(() => device.states.includes("disconnected"));
      await device[Symbol.asyncDispose]();
      expect(await kept).toMatchObject({ kind: "kept" });

      await using broker = await startBroker({ port });
      await using _logger = await startLoggerAt(broker.port, folder);
      await using later = startDevice(port, file);
      await eventually(() => later.earlier.length === 1);
      expect(later.earlier).toMatchObject([{ kind: "delivered", topic: "DATA", seq: 1 }]);
      expect(storedValues(folder)).toEqual([9]);
    },
    TIMEOUT_MS,
  );
});
