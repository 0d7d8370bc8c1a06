import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createEncryptedServer } from "node:tls";
import { expect, test } from "@jest/globals";
import { createTestCertificate, eventually } from "@weir/testkit";
import { startTrial } from "../fixture.ts";
import { validMessage } from "../raw-packets.ts";

const BATCH = { rowsMax: 1_000, bytesMax: 1_000_000, delayMs: 0 };
const PART_MESSAGES = 20_000;
const PART = Buffer.concat(Array.from({ length: PART_MESSAGES }, (_, n) => validMessage(n + 1, 5)));
/** Their PUBACKs, 4 bytes each, are more than the buffers of both sockets hold. */
const PARTS = 200;
const CONNACK = Buffer.from([0x20, 0x03, 0, 0, 0]);
const TIMEOUT_MS = 120_000;
const own = createTestCertificate({ name: "broker", hosts: ["127.0.0.1"] });
const tls = { ca: own.certificate, certificate: null, key: null };

const servers = {
  "mqtt:": { create: () => createServer(), event: "connection", tls: undefined },
  "mqtts:": {
    create: () => createEncryptedServer({ cert: own.certificate, key: own.key }),
    event: "secureConnection",
    tls,
  },
} as const;

test.each(["mqtt:", "mqtts:"] as const)(
  "a direct connection, by %s, reads no more while its broker takes no PUBACK, and all of it later",
  async (protocol) => {
    const serving = servers[protocol];
    await using opened = new AsyncDisposableStack();
    const server = opened.adopt(serving.create(), (one) => void one.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    let taken = 0;
    const url = `${protocol}//127.0.0.1:${port}`;
    await using trial = startTrial(url, {
      broker: { url, username: null, password: null, ...(serving.tls && { tls: serving.tls }) },
      transport: "direct",
      batch: BATCH,
      onBatch: (messages) => {
        taken += messages.length;
      },
    });
    // A client that reads on all the same is cut off by the end of the test.
    const [socket] = (await once(server, serving.event)) as [Socket];
    opened.defer(() => void socket.destroy());
    await once(socket, "data");
    socket.pause();
    socket.write(CONNACK);
    for (let n = 0; n < PARTS; n += 1) socket.write(PART);

    await eventually(() => trial.states.length === 1 && taken > 0, TIMEOUT_MS);
    await untilStill(() => taken);
    expect(taken).toBeLessThan(PARTS * PART_MESSAGES);
    expect(socket.writableLength).toBeGreaterThan(0);

    let pubackBytes = 0;
    socket.on("data", (bytes: Buffer) => {
      pubackBytes += bytes.length;
    });
    socket.resume();
    await eventually(() => pubackBytes === 4 * PARTS * PART_MESSAGES, TIMEOUT_MS);
    expect(taken).toBe(PARTS * PART_MESSAGES);
  },
  TIMEOUT_MS,
);

/** Resolves when a number was the same each time for a while. */
async function untilStill(read: () => number): Promise<void> {
  let last = -1;
  let same = 0;
  await eventually(() => {
    const value = read();
    same = value === last ? same + 1 : 0;
    last = value;
    return same > 20;
  }, TIMEOUT_MS);
}
