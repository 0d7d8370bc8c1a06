import { OPEN_LIMITS } from "../brokers/broker.ts";
import { type Case, figure } from "../case.ts";
import { measureThroughMosquitto } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

const INFLIGHT = 20;

/** A broker that speaks MQTT 3.1.1 and has 20 messages under way to a client. */
export function version311({ weir, mosquittoSub }: Subjects): Case {
  return {
    name: "3.1.1",
    title: "QoS 1 by MQTT 3.1.1, window 20",
    secondsEach: 8,
    contenders: [weir, mosquittoSub].map((one) =>
      contender(one, (bench, subject) =>
        measureThroughMosquitto(bench, {
          subject,
          broker: { limits: { ...OPEN_LIMITS, inflightMessages: INFLIGHT }, only311: true },
          load: {
            count: bench.isQuick ? 30_000 : 120_000,
            qos: 1,
            topics: ["DATA"],
            pace: { kind: "saturation", window: 20_000 },
          },
        }),
      ),
    ),
    claims: [
      {
        text: "MQTT 3.1.1 with a window of 20: messages/s",
        target: { atLeast: 20_000 },
        of: figure("perSecond", weir.name),
      },
    ],
  };
}
