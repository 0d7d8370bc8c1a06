import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connectTestClient, eventually, hasDocker } from "@weir/testkit";
import { type Compose, createCompose } from "./compose.ts";

const TIMEOUT_MS = 300_000;
const MESSAGES = 100;

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("the broker's configuration", () => {
  let compose: Compose;

  beforeAll(async () => {
    compose = await createCompose("mosquitto");
    await compose.run("up", "--no-deps", "--detach", "--wait", "mosquitto");
  }, TIMEOUT_MS);

  afterAll(async () => {
    await compose[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  /** Connects with a persistent session until `isEnough` of what has come; returns it. */
  async function receive(isEnough: (payloads: string[]) => boolean): Promise<string[]> {
    await using client = await connectTestClient(compose.brokerPort, "kept", {
      clientId: "persistent",
      session: { kind: "persistent", expirySeconds: 3_600 },
    });
    const payloads = () => client.received.map(({ payload }) => payload.toString());
    await eventually(() => isEnough(payloads()), TIMEOUT_MS / 5);
    return payloads();
  }

  test(
    "is accepted by mosquitto --test-config",
    async () => {
      const file = "/mosquitto/config/mosquitto.conf";
      await compose.run("exec", "-T", "mosquitto", "mosquitto", "-c", file, "--test-config");
    },
    TIMEOUT_MS,
  );

  test(
    "keeps what waits for a session, and what is retained, through kill -9",
    async () => {
      const sent = Array.from({ length: MESSAGES }, (_, index) => `message ${index}`);
      await receive(() => true);
      {
        await using publisher = await connectTestClient(compose.brokerPort);
        await publisher.publish("retained", "still here", { qos: 1, retain: true });
        await Promise.all(sent.map((payload) => publisher.publish("kept", payload, { qos: 1 })));
      }

      await compose.run("kill", "--signal", "SIGKILL", "mosquitto");
      await compose.run("up", "--no-deps", "--detach", "--wait", "mosquitto");

      expect(await receive(({ length }) => length >= MESSAGES)).toEqual(sent);
      await using subscriber = await connectTestClient(compose.brokerPort, "retained");
      await eventually(() => subscriber.received.length > 0);
      expect(subscriber.received.map(({ payload }) => payload.toString())).toEqual(["still here"]);
    },
    TIMEOUT_MS,
  );
});
