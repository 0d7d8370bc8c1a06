import { type Case, ratio } from "../case.ts";
import { measureAgainstStandIn } from "../measure.ts";
import { contender, type Subjects } from "./contenders.ts";

const STREAMS = 20;
const PER_SECOND = 5_000;
const SECONDS = 5;
const names = Array.from({ length: STREAMS }, (_, index) => `s${String(index).padStart(2, "0")}`);
const topics = names.map((name) => `bench/${name}`);

/** The same messages in twenty streams and in one. */
export function streams({ weirWith }: Subjects): Case {
  const one = weirWith({
    name: "one stream",
    configuration: { streams: ["all"], content: configurationOf([["all", "bench/+"]]) },
  });
  const twenty = weirWith({
    name: "twenty streams",
    configuration: {
      streams: names,
      content: configurationOf(names.map((name) => [name, `bench/${name}`])),
    },
  });
  return {
    name: "streams",
    title: "QoS 1 at 5,000/s on twenty topics",
    secondsEach: SECONDS + 3,
    contenders: [one, twenty].map((subject) =>
      contender(subject, (bench) =>
        measureAgainstStandIn(bench, {
          subject,
          filter: "bench/+",
          load: {
            count: PER_SECOND * (bench.isQuick ? 1 : SECONDS),
            qos: 1,
            topics,
            pace: { kind: "even", perSecond: PER_SECOND },
          },
        }),
      ),
    ),
    claims: [
      {
        text: "twenty streams at the same total rate: CPU per message, over one stream",
        target: { atMost: 2 },
        of: ratio("cpuUs", twenty.name, one.name),
      },
    ],
  };
}

function configurationOf(entries: readonly (readonly [name: string, filter: string])[]): string {
  return JSON.stringify({
    streams: {
      data: { enabled: false },
      devices: { enabled: false },
      ...Object.fromEntries(
        entries.map(([name, filter]) => [name, { filters: [filter], decoder: "reading" }]),
      ),
    },
  });
}
