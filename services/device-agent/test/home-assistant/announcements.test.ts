import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  connectTestClient,
  createTestContext,
  eventually,
  startStandIn,
  type TemporaryFolder,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { readAgentConfig } from "../../src/config/config.ts";
import { startDeviceAgent } from "../../src/device-agent.ts";
import { documentedDiscovery, documentedRemoval } from "./documented-schema.ts";

const TOPIC = "homeassistant/device/kitchen/config";
const BOTH = { sources: { walk: { source: "random_walk" }, lake: { source: "random_walk" } } };
const ONE = { sources: { walk: { source: "random_walk" } } };

interface Announcement {
  topic: string;
  /** `null` where the device is taken back. */
  components: Record<string, object> | null;
}

let opened: AsyncDisposableStack;
let folder: TemporaryFolder;
let port: number;
let client: TestClient;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  folder = opened.use(temporaryFolder());
  ({ port } = opened.use(await startBroker()));
  client = opened.use(await connectTestClient(port, "#"));
});
afterEach(() => opened.disposeAsync());

/** Starts the agent with what is in agent.yaml, always on the same folder. */
function startAgent(content: object, to = port, environment: Record<string, string> = {}) {
  const file = folder.file("agent.yaml");
  writeFileSync(file, JSON.stringify(content));
  const config = readAgentConfig({
    BROKER: `127.0.0.1:${to}`,
    AGENT_FILE: file,
    DEVICE_FOLDER: folder.file("device"),
    ...environment,
  });
  return startDeviceAgent(config, createTestContext());
}

/** What was announced since the last call, at least so many times. */
async function announcements(count: number): Promise<Announcement[]> {
  const found = () => client.received.filter(({ topic }) => /\/device\/\w+\/config$/.test(topic));
  await eventually(() => found().length >= count);
  const messages = found();
  client.received.length = 0;
  return messages.map(({ topic, payload }) => ({
    topic,
    components:
      payload.length === 0 ? null : documentedRemoval.parse(JSON.parse(String(payload))).components,
  }));
}

/** What Home Assistant finds when it connects. */
async function retained(): Promise<Record<string, object>> {
  await using late = await connectTestClient(port, "homeassistant/#");
  await late.publish("homeassistant/end", "", { qos: 1 });
  await eventually(() => late.received.some(({ topic }) => topic === "homeassistant/end"));
  return Object.fromEntries(
    late.received
      .filter(({ payload }) => payload.length > 0)
      .map(({ topic, payload }) => {
        return [topic, documentedDiscovery.parse(JSON.parse(String(payload))).components];
      }),
  );
}

describe("a device announces itself to Home Assistant", () => {
  test("retained, at each connection and each time that Home Assistant starts", async () => {
    await using _agent = await startAgent(ONE);
    await announcements(1);
    expect(Object.keys(await retained())).toEqual([TOPIC]);
    for (const status of ["offline", "online"]) {
      await client.publish("homeassistant/status", status, { qos: 1 });
    }
    expect(await announcements(1)).toHaveLength(1);
  });

  test("and removes a source and a command that are gone, by their platforms once", async () => {
    {
      await using _agent = await startAgent(BOTH);
      const [first] = await announcements(1);
      expect(first?.components).toHaveProperty("attribute_lake");
      expect(first?.components).toHaveProperty("command_restart");
    }
    await using _agent = await startAgent({ ...ONE, commands: { allow: ["report_now"] } });
    const [removal, after] = await announcements(2);
    expect(removal?.components).toMatchObject({
      attribute_walk: { platform: "sensor", qos: 1 },
      command_report_now: { platform: "button", qos: 1 },
    });
    expect(removal?.components).toMatchObject({
      attribute_lake: { platform: "sensor" },
      command_restart: { platform: "button" },
      interval: { platform: "number" },
    });
    expect(removal?.components?.attribute_lake).toEqual({ platform: "sensor" });
    const left = ["attribute_walk", "command_report_now"];
    expect(Object.keys(after?.components ?? {})).toEqual(left);
    expect(Object.keys((await retained())[TOPIC] ?? {})).toEqual(left);

    // Once: Home Assistant's next start finds nothing of it.
    await client.publish("homeassistant/status", "online", { qos: 1 });
    const [again] = await announcements(1);
    expect(Object.keys(again?.components ?? {})).toEqual(left);
  });

  test("and removes what it had announced before it was killed, unacknowledged or half removed", async () => {
    // A broker that answers no announcement: the process ends as if it were killed at that moment.
    await using away = await startStandIn({
      publish: ({ topic, messageId = 0 }, peer) => {
        if (topic !== TOPIC) peer.send({ cmd: "puback", messageId });
      },
    });
    const isAnnounced = () =>
      away.peers.at(-1)?.received.some((one) => one.cmd === "publish" && one.topic === TOPIC);
    for (const content of [BOTH, ONE]) {
      const peers = away.peers.length;
      await using _agent = await startAgent(content, away.port);
      await eventually(() => away.peers.length > peers && isAnnounced());
    }
    await using _agent = await startAgent(ONE);
    const [removal, after] = await announcements(2);
    expect(removal?.components?.attribute_lake).toEqual({ platform: "sensor" });
    expect(after?.components).not.toHaveProperty("attribute_lake");
  });

  test("no longer where homeAssistant is false, and then takes itself back", async () => {
    {
      await using _agent = await startAgent(ONE);
      await announcements(1);
    }
    {
      await using _agent = await startAgent({ ...ONE, homeAssistant: false });
      expect(await announcements(1)).toEqual([{ topic: TOPIC, components: null }]);
    }
    expect(await retained()).toEqual({});

    // Once: another start has nothing to say.
    client.received.length = 0;
    await using _agent = await startAgent({ ...ONE, homeAssistant: false });
    await eventually(() => client.received.some(({ topic }) => topic === "devices/kitchen/state"));
    expect(client.received.filter(({ topic }) => topic === TOPIC)).toEqual([]);
  });

  test("under a new prefix and a new id, and takes the old ones back", async () => {
    {
      await using _agent = await startAgent(ONE);
      await announcements(1);
    }
    const environment = { DEVICE_ID: "pantry" };
    await using _agent = await startAgent(
      { ...ONE, homeAssistant: { prefix: "ha" } },
      port,
      environment,
    );
    const topics = (await announcements(2)).map(({ topic, components }) => [
      topic,
      components !== null,
    ]);
    expect(topics).toEqual([
      [TOPIC, false],
      ["ha/device/pantry/config", true],
    ]);
    expect(await retained()).toEqual({});
  });
});
