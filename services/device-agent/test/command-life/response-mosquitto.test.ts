import { expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  eventually,
  hasDocker,
  startMosquitto,
  temporaryFolder,
} from "@weir/testkit";
import { COMMAND_TOPIC, connectHandler, startTrial } from "./fixture.ts";

const ANSWERS = "answers/me";

(hasDocker() ? test : test.skip)(
  "who asks by MQTT 5 gets its answers where it awaits them, with its correlation data",
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
