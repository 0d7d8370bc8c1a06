import { describe, expect, test } from "@jest/globals";
import type { Transport } from "@weir/mqtt";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  eventually,
  hasDocker,
  startMosquitto,
  temporaryFolder,
} from "@weir/testkit";
import { COMMAND_TOPIC, connectHandler, startTrial } from "./fixture.ts";

const QOS_1 = { qos: 1 } as const;
const TRANSPORTS: readonly Transport[] = ["mqttjs", "direct"];

describe.each(TRANSPORTS)(
  "a command that is published with the retain flag, by %s",
  (transport) => {
    (hasDocker() ? test : test.skip)(
      "is rejected when it arrives live and when it waited for the device, as MQTT 5 shows the flag",
      async () => {
        using folder = temporaryFolder();
        await using mosquitto = await startMosquitto();
        await using sender = await connectTestClient(mosquitto.port);
        await using trial = startTrial({ folder, clock: systemClock });
        const endOf = (id: string) =>
          eventually(() => trial.log.find(({ details }) => "id" in details && details.id === id));
        const send = (id: string, options: { qos: 1; retain?: boolean } = QOS_1) =>
          sender.publish(COMMAND_TOPIC, JSON.stringify({ id, name: "echo" }), options);

        const client = await connectHandler(trial.handler, mosquitto.port, { transport });
        await send("live", { qos: 1, retain: true });
        await send("plain");
        expect((await endOf("live")).details).toMatchObject({ status: "rejected" });
        expect((await endOf("plain")).details).toMatchObject({ status: "done" });

        await client[Symbol.asyncDispose]();
        await send("away", { qos: 1, retain: true });
        await send("later");
        await using _link = await connectHandler(trial.handler, mosquitto.port, { transport });
        expect((await endOf("away")).details).toMatchObject({ status: "rejected" });
        expect((await endOf("later")).details).toMatchObject({ status: "done" });
      },
      300_000,
    );
  },
);

const ANSWERS = "answers/me";

(hasDocker() ? test : test.skip)(
  "a sender with MQTT 5 gets each ack on its response topic, with its correlation data",
  async () => {
    using folder = temporaryFolder();
    await using mosquitto = await startMosquitto();
    await using trial = startTrial({ folder, clock: systemClock });
    await using _link = await connectHandler(trial.handler, mosquitto.port);
    await using asking = await connectTestClient(mosquitto.port, "#");
    const correlationData = Buffer.from([7, 0, 255]);
    await asking.publish(COMMAND_TOPIC, JSON.stringify({ id: "a", name: "echo", payload: 5 }), {
      qos: 1,
      responseTopic: ANSWERS,
      correlationData,
    });
    const answersOn = (topic: string) =>
      asking.received.filter((message) => message.topic === topic);
    const answers = await eventually(() => {
      const [here, there] = [answersOn(ANSWERS), answersOn(`${COMMAND_TOPIC}/ack`)];
      return here.length === 3 && there.length === 3 && here;
    });
    expect(answers.map(({ payload }) => JSON.parse(payload.toString()).status)).toEqual([
      "received",
      "running",
      "done",
    ]);
    for (const answer of answers) expect(answer.correlationData).toEqual(correlationData);
    await eventually(() => trial.acks().length === 0);
  },
  300_000,
);
