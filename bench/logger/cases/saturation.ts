import { OPEN } from "../brokers/broker.ts";
import { type Case, ratio } from "../case.ts";
import { measureThroughMosquitto } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

/** QoS 1 as fast as broker and subject can. */
export function saturation({ weir, weirOnMqttJs, mosquittoSub, mqttJs }: Subjects): Case {
  return {
    name: "saturation",
    title: "QoS 1 at saturation",
    secondsEach: 8,
    contenders: [weir, mosquittoSub, mqttJs, weirOnMqttJs].map((one) =>
      contender(one, (bench, subject) =>
        measureThroughMosquitto(bench, {
          subject,
          broker: OPEN,
          load: {
            count: bench.isQuick ? 60_000 : 300_000,
            qos: 1,
            topics: ["DATA"],
            pace: { kind: "saturation", window: 20_000 },
          },
        }),
      ),
    ),
    claims: [
      {
        text: "QoS 1 at saturation: messages/s, over mosquitto_sub",
        target: { atLeast: 1.3 },
        of: ratio("perSecond", weir.name, mosquittoSub.name),
      },
      {
        text: "QoS 1 at saturation: CPU per message, over mosquitto_sub",
        target: { atMost: 0.5 },
        of: ratio("cpuUs", weir.name, mosquittoSub.name),
      },
    ],
  };
}
