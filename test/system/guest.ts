import { connectAsync } from "mqtt";

export interface GuestOptions {
  port: number;
  /** The certificate that the broker's must be signed by. */
  authority: string;
  user: string;
  password: string;
  /** A client certificate and its key. */
  certificate: string;
  key: string;
  clientId: string;
  /** 5, or 4 for MQTT 3.1.1. Default 5. */
  version: 5 | 4;
  /** What to subscribe to. Default nothing. */
  filter: string;
}

/** A client from outside, over TLS. */
export interface Guest extends AsyncDisposable {
  /** "<topic> <payload>" of each message that came. */
  received: string[];
  /** With QoS 1. @throws what the broker says against it, with its reason code. */
  publish(topic: string, payload: string): Promise<void>;
}

/** Connects once. @throws what the broker says against it, with its reason code. */
export async function connectGuest(
  options: Partial<GuestOptions> & Pick<GuestOptions, "port" | "authority">,
): Promise<Guest> {
  const { port, authority, user, password, certificate, key, version = 5, filter } = options;
  const client = await connectAsync(
    `mqtts://127.0.0.1:${port}`,
    {
      ca: authority,
      protocolVersion: version,
      clientId: options.clientId ?? `guest-${crypto.randomUUID()}`,
      reconnectPeriod: 0,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password }),
      ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
    },
    false,
  );
  const received: string[] = [];
  client.on("message", (topic, payload) => received.push(`${topic} ${payload}`));
  // Whatever ends a connection shows in what a test waits for.
  client.on("error", () => {});
  if (filter !== undefined) await client.subscribeAsync(filter, { qos: 1 });
  return {
    received,
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    [Symbol.asyncDispose]: () => client.endAsync(),
  };
}
