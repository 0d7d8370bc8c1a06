import { OPEN } from "../brokers/broker.ts";
import { type Case, ratio } from "../case.ts";
import { measureThroughMosquitto } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

/** QoS 0 as fast as it comes: nothing slows the publisher down, and what is too much is lost. */
export function qos0({ weir, mosquittoSub, mqttJs }: Subjects): Case {
  return {
    name: "qos0",
    title: "QoS 0 at saturation",
    secondsEach: 9,
    contenders: [weir, mosquittoSub, mqttJs].map((one) =>
      contender(one, (bench, subject) =>
        measureThroughMosquitto(bench, {
          subject,
          broker: OPEN,
          load: {
            count: bench.isQuick ? 100_000 : 600_000,
            qos: 0,
            topics: ["DATA"],
            pace: { kind: "saturation", window: 1 },
          },
        }),
      ),
    ),
    claims: [
      {
        text: "QoS 0 at saturation: rows stored/s, over mosquitto_sub's messages/s",
        target: { atLeast: 1.2 },
        of: ratio("perSecond", weir.name, mosquittoSub.name),
      },
    ],
  };
}
