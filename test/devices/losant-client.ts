import { connectAsync } from "mqtt";

/** A command, as such a program sees it. */
interface LosantCommand {
  name: string;
  payload: unknown;
  time: Date;
}

/** A program made for Losant's platform: its client id is the device id, its user the access key. */
export interface LosantClient extends AsyncDisposable {
  sendState(data: object, time: unknown): Promise<void>;
  commands: LosantCommand[];
}

// The format that Losant's Python client reads dates with: "%Y-%m-%dT%H:%M:%S.%f" before the Z.
const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}Z$/;

/** Does what Losant's documented clients do: MQTT 3.1.1, clean session, keep-alive of 15 s, QoS 0 both ways. */
export async function connectLosantClient(
  port: number,
  { id, key, secret }: { id: string; key: string; secret: string },
): Promise<LosantClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 4,
    clientId: id,
    username: key,
    password: secret,
    clean: true,
    keepalive: 15,
    reconnectPeriod: 0,
  });
  const commands: LosantCommand[] = [];
  client.on("message", (topic, payload) => {
    if (topic === `losant/${id}/command`) commands.push(readCommand(payload));
  });
  await client.subscribeAsync(`losant/${id}/command`);
  return {
    commands,
    sendState: async (data, time) => {
      await client.publishAsync(`losant/${id}/state`, JSON.stringify({ time, data }));
    },
    [Symbol.asyncDispose]: async () => {
      await client.endAsync();
    },
  };
}

/** Fails as those clients do where a time has another form. */
function readCommand(payload: Buffer): LosantCommand {
  const { name, payload: decoded, time } = JSON.parse(payload.toString());
  if (!DATE.test(time.$date)) throw new Error(`${JSON.stringify(time)} is no time of Losant's`);
  return { name, payload: decoded, time: new Date(time.$date) };
}
