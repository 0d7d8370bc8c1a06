import { type Case, type Claim, difference, figure, ratio } from "../comparison.ts";
import {
  atOnce,
  evenly,
  fromStandIn,
  type LoggerBench,
  latencyAndRate,
  memoryOverTime,
  throughMosquitto,
} from "./measure.ts";
import { NO_QUEUE_LIMIT } from "./mosquitto.ts";
import { nodeRed } from "./node-red-sqlite.ts";
import { profileOptions } from "./profile.ts";
import { mosquittoSub, mqttJs, python, type Subject } from "./subjects.ts";
import { folderWithRows, type WeirOptions, weir } from "./weir.ts";

/** The shortest that the stream `data` allows: the longest window of the statistics and the skew. */
const RETENTION_MINUTES = 31;

/** All cases, in the order of the output. A quick run only shows that all of them work. */
export function casesOf(run: {
  /** services/logger/src/main.ts of this or another checkout. */
  program: string;
  /** Where profiles of the logger are written; `null` for none. */
  profileFolder: string | null;
  isQuick: boolean;
  /** Memory is measured for 10 minutes. */
  isSoak: boolean;
}): Case<LoggerBench>[] {
  const { isQuick, isSoak } = run;
  const quickOr = (quick: number, whole: number): number => (isQuick ? quick : whole);
  const nodeOptions = profileOptions(run.profileFolder);
  type Own = Pick<WeirOptions, "environment" | "streams" | "isEncrypted">;
  const logger = (name: string, own: Own = {}) =>
    weir({ name, program: run.program, nodeOptions, ...own });

  const ours = logger("Weir");
  const oursOnMqttJs = logger("Weir on MQTT.js", { environment: { LOGGER_TRANSPORT: "mqttjs" } });
  const oursByTls = logger("Weir by TLS", { isEncrypted: true });

  /** A rate that every contender keeps up with: what is compared is processor time. */
  const even = (
    perSecond: number,
    { seconds, atMost }: { seconds: number; atMost: { mosquittoSub: number; python: number } },
  ): Case<LoggerBench> => {
    const title = `QoS 1 at ${perSecond.toLocaleString("en")}/s`;
    const claim = (peer: Subject, ratioMax: number): Claim => ({
      text: `${title}: CPU per message, over ${peer.name}`,
      target: { atMost: ratioMax },
      of: ratio("cpuUs", ours, peer),
    });
    return {
      name: `even-${perSecond}`,
      title,
      secondsEach: seconds + 3,
      contenders: throughMosquitto([ours, mosquittoSub, python, nodeRed], {
        load: evenly(perSecond, quickOr(2, seconds)),
      }),
      claims: [
        claim(mosquittoSub, atMost.mosquittoSub),
        claim(python, atMost.python),
        claim(nodeRed, 0.1),
      ],
    };
  };

  // No row is old enough to be removed: retention is a separate case.
  const unpruned = { environment: { LOGGER_RETENTION_MINUTES: "5256000" } };
  const emptyFile = logger("Weir, empty file", unpruned);
  const fullFile = logger("Weir, 10,000,000 rows", unpruned);
  let fullFolder = "";

  const twentyNames = Array.from(
    { length: 20 },
    (_, index) => `s${String(index).padStart(2, "0")}`,
  );
  const oneStream = logger("one stream", { streams: { all: reading("bench/+") } });
  const twentyStreams = logger("twenty streams", {
    streams: Object.fromEntries(twentyNames.map((name) => [name, reading(`bench/${name}`)])),
  });

  // The broker says itself how many it takes; its default is 20.
  const burst = { broker: [], load: atOnce(60_000, { window: 60_000 }), isFresh: true };
  const [oursStopped, subStopped] = [ours, mosquittoSub].map((subject) => ({
    ...subject,
    name: `${subject.name}, stopped for 1 s`,
  })) as [Subject, Subject];

  const memorySeconds = quickOr(10, isSoak ? 600 : 60);
  const pruning = {
    environment: {
      LOGGER_RETENTION_MINUTES: String(RETENTION_MINUTES),
      LOGGER_CLOCK_STEADY_SECONDS: "0",
    },
  };
  const prunedFile = logger("a file, pruned", pruning);
  const youngFile = logger("a file, nothing to prune", pruning);
  const rotatedFolder = logger("a folder, rotated", {
    ...pruning,
    streams: {
      all: { ...reading("DATA"), rotation: "5s", retention: { age: isSoak ? "2m" : "20s" } },
    },
  });

  return [
    {
      name: "saturation",
      title: "QoS 1 at saturation",
      secondsEach: 8,
      contenders: throughMosquitto([ours, mosquittoSub, mqttJs, oursOnMqttJs], {
        load: atOnce(quickOr(60_000, 300_000), { window: 20_000 }),
      }),
      claims: [
        {
          text: "QoS 1 at saturation: messages/s, over mosquitto_sub",
          target: { atLeast: 1.3 },
          of: ratio("perSecond", ours, mosquittoSub),
        },
        {
          text: "QoS 1 at saturation: CPU per message, over mosquitto_sub",
          target: { atMost: 0.4 },
          of: ratio("cpuUs", ours, mosquittoSub),
        },
      ],
    },
    even(500, { seconds: 20, atMost: { mosquittoSub: 0.6, python: 0.2 } }),
    even(5_000, { seconds: 5, atMost: { mosquittoSub: 0.6, python: 0.15 } }),
    {
      name: "tls",
      title: "QoS 1 at 5,000/s by TLS",
      secondsEach: 8,
      contenders: throughMosquitto(
        [
          oursByTls,
          ours,
          logger("Weir on MQTT.js by TLS", {
            isEncrypted: true,
            environment: { LOGGER_TRANSPORT: "mqttjs" },
          }),
        ],
        { load: evenly(5_000, quickOr(2, 5)) },
      ),
      claims: [
        {
          text: "QoS 1 at 5,000/s by TLS: CPU per message, over plain TCP",
          target: { atMost: 1.3 },
          of: ratio("cpuUs", oursByTls, ours),
        },
      ],
    },
    {
      // Nothing slows the publisher down: what is too much is lost.
      name: "qos0",
      title: "QoS 0 at saturation",
      secondsEach: 9,
      contenders: throughMosquitto([ours, mosquittoSub, mqttJs], {
        load: { ...atOnce(quickOr(100_000, 600_000), { window: 1 }), qos: 0 },
      }),
      claims: [
        {
          text: "QoS 0 at saturation: rows stored/s, over mosquitto_sub's messages/s",
          target: { atLeast: 1.2 },
          of: ratio("perSecond", ours, mosquittoSub),
        },
      ],
    },
    {
      name: "ceiling",
      title: "QoS 1 from a stand-in for a broker",
      secondsEach: 7,
      contenders: fromStandIn([ours, oursOnMqttJs], {
        load: atOnce(quickOr(200_000, 1_000_000), { window: 65_535 }),
      }),
      claims: [
        {
          text: "its own ceiling: QoS 1 messages/s stored",
          target: { atLeast: 400_000 },
          of: figure("perSecond", ours),
        },
      ],
    },
    {
      name: "burst",
      title: "60,000 at once, Mosquitto as it comes",
      secondsEach: 7,
      contenders: [
        ...throughMosquitto([ours, mosquittoSub], burst),
        ...throughMosquitto([oursStopped, subStopped], { ...burst, stopMs: 1_000 }),
      ],
      claims: [ours, oursStopped].map((subject) => ({
        text: `60,000 QoS 1 at once into a broker with default limits, ${subject.name}: lost`,
        target: { atMost: 0 },
        of: figure("lost", subject),
        inEachRound: true,
      })),
    },
    {
      name: "3.1.1",
      title: "QoS 1 by MQTT 3.1.1, window 20",
      secondsEach: 8,
      contenders: throughMosquitto([ours, mosquittoSub], {
        broker: [...NO_QUEUE_LIMIT, "max_inflight_messages 20", "accept_protocol_versions 3,4"],
        version: 4,
        load: atOnce(quickOr(30_000, 120_000), { window: 20_000 }),
      }),
      claims: [
        {
          text: "MQTT 3.1.1 with a window of 20: messages/s",
          target: { atLeast: 20_000 },
          of: figure("perSecond", ours),
        },
      ],
    },
    {
      name: "file",
      title: "CPU and PUBACK at 5,000/s, messages/s at saturation",
      secondsEach: 24,
      prepareSeconds: 30,
      prepare: async (bench) => {
        const rows = quickOr(200_000, 10_000_000);
        fullFolder = await folderWithRows(bench, { rows, fromMinutesAgo: 30, minutes: 30 });
      },
      contenders: [
        latencyAndRate(emptyFile, { isQuick }),
        latencyAndRate(fullFile, { isQuick, folder: () => fullFolder }),
      ],
      claims: [
        {
          text: "commit latency at 5,000/s: p99 from reception to PUBACK, ms",
          target: { atMost: 100 },
          of: figure("p99Ms", emptyFile),
        },
        {
          text: "10,000,000 rows in the file: messages/s, over an empty file",
          target: { atLeast: 0.9 },
          of: ratio("perSecond", fullFile, emptyFile),
        },
        ...(["p99Ms", "cpuUs", "rssMegabytes"] as const).map((name) => ({
          text: `10,000,000 rows in the file: ${
            { p99Ms: "p99 of PUBACK", cpuUs: "CPU per message", rssMegabytes: "memory" }[name]
          }, over an empty file`,
          target: { atMost: 1.1 },
          of: ratio(name, fullFile, emptyFile),
        })),
      ],
    },
    {
      name: "streams",
      title: "QoS 1 at 5,000/s on twenty topics",
      secondsEach: 8,
      contenders: fromStandIn([oneStream, twentyStreams], {
        filter: "bench/+",
        load: {
          ...evenly(5_000, quickOr(1, 5)),
          topics: twentyNames.map((name) => `bench/${name}`),
        },
      }),
      claims: [
        {
          text: "twenty streams at the same total rate: CPU per message, over one stream",
          target: { atMost: 2 },
          of: ratio("cpuUs", twentyStreams, oneStream),
        },
      ],
    },
    {
      name: "memory",
      title: "QoS 1 at 20,000/s, with retention",
      isOnce: true,
      secondsEach: memorySeconds + 2,
      contenders: [
        memoryOverTime(prunedFile, memorySeconds, (bench) =>
          // In each second, retention has as much to remove as comes in.
          folderWithRows(bench, {
            rows: memorySeconds * 20_000,
            fromMinutesAgo: RETENTION_MINUTES,
            minutes: memorySeconds / 60,
          }),
        ),
        // Only its PUBACKs are compared.
        memoryOverTime(youngFile, Math.min(20, memorySeconds)),
        memoryOverTime(rotatedFolder, memorySeconds),
      ],
      claims: [
        ...[prunedFile, rotatedFolder].flatMap((subject) => [
          {
            text: `memory at 20,000/s, ${subject.name}: most, MB`,
            target: { atMost: 120 },
            of: figure("rssMegabytes", subject),
          },
          {
            text: `memory at 20,000/s, ${subject.name}: last quarter over second quarter`,
            target: { atMost: 1.1 },
            of: figure("growth", subject),
          },
        ]),
        {
          text: "pruning: the longest PUBACK with it, less the longest without, ms",
          target: { atMost: 50 },
          of: difference("maxMs", prunedFile, youngFile),
        },
      ],
    },
  ];
}

const reading = (filter: string) => ({ filters: [filter], decoder: "reading" });
