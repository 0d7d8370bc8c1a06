import { type Case, figure } from "../case.ts";
import { measureAgainstStandIn } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

/** How much the logger takes from something that only writes packets. */
export function ceiling({ weir, weirOnMqttJs }: Subjects): Case {
  return {
    name: "ceiling",
    title: "QoS 1 from a stand-in for a broker",
    secondsEach: 7,
    contenders: [weir, weirOnMqttJs].map((one) =>
      contender(one, (bench, subject) =>
        measureAgainstStandIn(bench, {
          subject,
          load: {
            count: bench.isQuick ? 200_000 : 1_000_000,
            qos: 1,
            topics: ["DATA"],
            pace: { kind: "saturation", window: 65_535 },
          },
        }),
      ),
    ),
    claims: [
      {
        text: "its own ceiling: QoS 1 messages/s stored",
        target: { atLeast: 400_000 },
        of: figure("perSecond", weir.name),
      },
    ],
  };
}
