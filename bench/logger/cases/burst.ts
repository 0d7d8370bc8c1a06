import { AS_IT_COMES } from "../brokers/broker.ts";
import { type Case, figure } from "../case.ts";
import { measureThroughMosquitto } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

const COUNT = 60_000;

/** As many messages at once as a broker takes that nobody has configured. */
export function burst({ weir, mosquittoSub }: Subjects): Case {
  return {
    name: "burst",
    title: "60,000 at once, Mosquitto as it comes",
    secondsEach: 7,
    contenders: [weir, mosquittoSub].map((one) =>
      contender(one, (bench, subject) =>
        measureThroughMosquitto(bench, {
          subject,
          broker: AS_IT_COMES,
          load: {
            count: COUNT,
            qos: 1,
            topics: ["DATA"],
            // The broker says itself how many it takes; its default is 20.
            pace: { kind: "saturation", window: COUNT },
          },
        }),
      ),
    ),
    claims: [
      {
        text: "60,000 QoS 1 at once into a broker with default limits: lost",
        target: { atMost: 0 },
        of: figure("lost", weir.name),
        inEachRound: true,
      },
    ],
  };
}
