import { once } from "node:events";
import { connect, createServer } from "node:net";
import { textOf } from "@weir/protocol";
import { brokerAddress, type Clock, EXIT_CODES, errorCode, Fault, visible } from "@weir/runtime";

const USUAL_PORT = brokerAddress("mqtt://localhost").port;

/**
 * Whether the suite's own broker can have its port. What else keeps it from listening is the broker's to report.
 *
 * @throws Fault that names the broker that has the port, if it is one.
 */
export async function checkBrokerPort(host: string, port: number, clock: Clock): Promise<void> {
  if (await isFree(host, port)) return;
  const broker = await findBroker(host, port, clock);
  const address = port === USUAL_PORT ? "localhost" : `localhost:${port}`;
  const holder = broker === null ? "another program" : visible(broker);
  throw new Fault(`port ${port} on ${host} is taken by ${holder}`, {
    remedy:
      broker === null
        ? "End that program, or set BROKER_PORT to a free port."
        : `BROKER=${address} npm start uses that broker. For a broker of its own, set BROKER_PORT to a free port.`,
    exitCode: EXIT_CODES.unavailable,
  });
}

/** Whether the pages can have their port. @throws Fault when another program has it. */
export async function checkPagesPort(host: string, port: number): Promise<void> {
  if (port === 0 || (await isFree(host, port))) return;
  throw new Fault(`port ${port} on ${host}, that of the pages, is taken by another program`, {
    remedy: "End that program, or set DASHBOARD_PORT to a free port.",
    exitCode: EXIT_CODES.unavailable,
  });
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    return errorCode(error) !== "EADDRINUSE";
  }
  server.close();
  await once(server, "close");
  return true;
}

const ANSWER_MS = 2_000;

/** What answers there, in words; `null` for what is no broker, or does not answer soon. */
async function findBroker(host: string, port: number, clock: Clock): Promise<string | null> {
  const answered = Promise.withResolvers<void>();
  const socket = connect({ host, port });
  using _timer = clock.schedule(ANSWER_MS, answered.resolve);
  let bytes: Buffer = Buffer.alloc(0);
  socket.on("connect", () => socket.write(QUESTION));
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > BYTES_MAX || readAnswer(bytes).isWhole) answered.resolve();
  });
  socket.on("error", answered.resolve).on("close", answered.resolve);
  await answered.promise;
  socket.destroy();
  return readAnswer(bytes).words;
}

const VERSION = "$SYS/broker/version";
const BYTES_MAX = 1_024;
/** CONNECT of MQTT 3.1.1 for a clean session without a client id, and SUBSCRIBE to the version. */
const QUESTION = Buffer.concat([
  Buffer.from("\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0", "latin1"),
  Buffer.from(`\x82${String.fromCharCode(VERSION.length + 5)}\0\x01\0`, "latin1"),
  Buffer.from(`${String.fromCharCode(VERSION.length)}${VERSION}\0`, "latin1"),
]);
const CONNACK = 0x20;
const PUBLISH = 0x30;

/** What the packets of a broker say of it. `isWhole` when nothing more is to be expected. */
function readAnswer(bytes: Buffer): { words: string | null; isWhole: boolean } {
  const [type, , , code] = bytes;
  if (type !== CONNACK || code === undefined) return { words: null, isWhole: false };
  if (code !== 0) return { words: "a broker that wants a user and a password", isWhole: true };
  // All the packets are short: their length is one byte.
  for (let at = 0; at + 1 < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0);
    const isPublish = ((bytes[at] ?? 0) & 0xf0) === PUBLISH;
    if (isPublish && end <= bytes.length) {
      const text = textOf(bytes.subarray(at + 4 + VERSION.length, end));
      return { words: `a broker (${text})`, isWhole: true };
    }
    at = end;
  }
  return { words: "a broker", isWhole: false };
}
