import { createReconnectingClient } from "@weir/mqtt";
import { type CommandAck, deviceTopics, endsCommand, parseCommandAck } from "@weir/protocol";
import { systemClock } from "@weir/runtime";

/** Sends numbered commands to a device, and writes down what it says of them. */
export interface CommandSender extends AsyncDisposable {
  /** Resolves when the broker has it, so many times. */
  send(takesMs: number, times: number): Promise<void>;
  sent: ReadonlySet<string>;
  acks: readonly CommandAck[];
  /** How many have not ended. */
  open(): number;
  isDeviceOnline(): boolean;
}

export async function startCommandSender({
  port,
  device,
}: {
  port: number;
  device: string;
}): Promise<CommandSender> {
  const topics = deviceTopics({ prefix: "devices", id: device });
  const sent = new Set<string>();
  const acks: CommandAck[] = [];
  const open = new Set<string>();
  let isOnline = false;
  let last = 0;
  const connected = Promise.withResolvers<void>();
  await using opening = new AsyncDisposableStack();
  const client = opening.use(
    createReconnectingClient({
      broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
      clientId: "faults-sender",
      // The broker lives through all of it; what it has for the sender must not be lost, either.
      session: { kind: "persistent", expirySeconds: 3_600 },
      subscriptions: [
        { filter: topics.ack, qos: 1 },
        { filter: topics.availability, qos: 1 },
      ],
      onMessage: ({ topic, payload }) => {
        if (topic === topics.availability) isOnline = payload.toString() === "online";
        const ack = topic === topics.ack ? parseCommandAck(payload) : null;
        if (ack === null) return;
        acks.push(ack);
        if (endsCommand(ack.status) && ack.status !== "duplicate") open.delete(ack.id ?? "");
      },
      onConnected: () => connected.resolve(),
      clock: systemClock,
      logger: { info: () => {}, warn: () => {}, debug: () => {} },
    }),
  );
  client.start();
  await connected.promise;
  const opened = opening.move();
  return {
    send: async (takesMs, times) => {
      last += 1;
      const id = String(last);
      const payload = { number: last, takesMs };
      const message = { id, name: "execute", payload, issuedAt: systemClock.now() };
      sent.add(id);
      open.add(id);
      for (let time = 0; time < times; time += 1) {
        await client.publish(topics.command, JSON.stringify(message), { qos: 1 });
      }
    },
    sent,
    acks,
    open: () => open.size,
    isDeviceOnline: () => isOnline,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
