import { OPEN } from "../brokers/broker.ts";
import { type Case, type Claim, ratio } from "../case.ts";
import { measureThroughMosquitto } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

const SECONDS = { 500: 20, 5000: 5 } as const;
const QUICK_SECONDS = 2;
const OVERHEAD_SECONDS = 3;

/** QoS 1 at a rate that everybody is to keep up with: what counts is processor time. */
export function even(perSecond: 500 | 5_000, subjects: Subjects): Case {
  const { weir, mosquittoSub, python, nodeRed } = subjects;
  const rate = perSecond.toLocaleString("en");
  const claim = (over: string, atMost: number): Claim => ({
    text: `QoS 1 at ${rate}/s: CPU per message, over ${over}`,
    target: { atMost },
    of: ratio("cpuUs", weir.name, over),
  });
  return {
    name: `even-${perSecond}`,
    title: `QoS 1 at ${rate}/s`,
    secondsEach: SECONDS[perSecond] + OVERHEAD_SECONDS,
    contenders: [weir, mosquittoSub, python, nodeRed].map((one) =>
      contender(one, (bench, subject) =>
        measureThroughMosquitto(bench, {
          subject,
          broker: OPEN,
          load: {
            count: perSecond * (bench.isQuick ? QUICK_SECONDS : SECONDS[perSecond]),
            qos: 1,
            topics: ["DATA"],
            pace: { kind: "even", perSecond },
          },
        }),
      ),
    ),
    claims: [claim(mosquittoSub.name, 1), claim(python.name, 0.25), claim(nodeRed.name, 0.1)],
  };
}
