import { expect, test } from "@jest/globals";
import { connectTestClient, hasDocker, startMosquitto, temporaryFolder } from "@weir/testkit";
import { rowsIn, startReady, testConfigWith } from "./fixture.ts";

const AT_LEAST_ONCE = { qos: 1 } as const;

const inDocker = hasDocker() ? test : test.skip;

inDocker(
  "a message of overlapping filters is stored once in each stream, over MQTT 5 and also after a reload",
  async () => {
    using folder = temporaryFolder();
    await using mosquitto = await startMosquitto();
    const place = { folder, port: mosquitto.port };
    const rooms = { filters: ["home/+"], decoder: "text", folder: "rooms", rotation: "1d" };
    const lights = { filters: ["+/light"], decoder: "text", folder: "lights", rotation: "1d" };
    const more = { ...lights, filters: ["+/light", "+/lamp"] };
    await using logger = await startReady(testConfigWith({ streams: { rooms, lights } }, place));
    await using publisher = await connectTestClient(mosquitto.port);
    const say = async (...topics: string[]): Promise<void> => {
      for (const topic of topics) await publisher.publish(topic, topic, AT_LEAST_ONCE);
    };
    await say("home/light", "shed/light", "home/door", "shed/door");
    await logger.reload(testConfigWith({ streams: { rooms, lights: more } }, place));
    await say("home/lamp", "home/light", "shed/lamp", "home/end", "end/lamp");

    const topicsIn = async (name: string, count: number): Promise<string[]> =>
      (await rowsIn(folder.file(name), count)).map(({ topic }) => topic);
    expect(await topicsIn("rooms", 5)).toEqual([
      "home/light",
      "home/door",
      "home/lamp",
      "home/light",
      "home/end",
    ]);
    expect(await topicsIn("lights", 6)).toEqual([
      "home/light",
      "shed/light",
      "home/lamp",
      "home/light",
      "shed/lamp",
      "end/lamp",
    ]);
  },
  300_000,
);
