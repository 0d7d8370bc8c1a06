import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type Bench,
  type Case,
  type Claim,
  type Contender,
  type Figures,
  figure,
  growthOf,
  ratio,
} from "./comparison.ts";
import { measureAgainstStandIn, measureThroughMosquitto } from "./measure.ts";
import { AS_IT_COMES, OPEN, OPEN_LIMITS } from "./mosquitto.ts";
import { nodeRed } from "./node-red.ts";
import { prefill } from "./prefill.ts";
import { rssBytes } from "./process.ts";
import { profileOptions } from "./profile.ts";
import { mosquittoSub, mqttJs, python, type Subject } from "./subjects.ts";
import { DATA_FILE, type WeirOptions, weir } from "./weir.ts";

/** All cases, in the order of the table. */
export function casesOf(subjects: Subjects, { isSoak }: { isSoak: boolean }): Case[] {
  return [
    saturation(subjects),
    even(500, subjects),
    even(5_000, subjects),
    qos0(subjects),
    ceiling(subjects),
    burst(subjects),
    version311(subjects),
    file(subjects),
    streams(subjects),
    memory(subjects, { isSoak }),
  ];
}

/** The subjects of a run by their part in it. */
interface Subjects {
  weir: Subject;
  /** The logger with MQTT.js as its way in. */
  weirOnMqttJs: Subject;
  /** The logger with settings of its own. */
  weirWith(options: Pick<WeirOptions, "name" | "environment" | "configuration">): Subject;
  mosquittoSub: Subject;
  python: Subject;
  nodeRed: Subject;
  mqttJs: Subject;
}

export function createSubjects(options: {
  program: string;
  profileFolder: string | null;
  cacheFolder: string;
}): Subjects {
  const { program, profileFolder, cacheFolder } = options;
  const nodeOptions = profileOptions(profileFolder);
  const weirWith: Subjects["weirWith"] = (own) => weir({ program, nodeOptions, ...own });
  return {
    weir: weirWith({ name: "Weir" }),
    weirOnMqttJs: weirWith({
      name: "Weir on MQTT.js",
      environment: { LOGGER_TRANSPORT: "mqttjs" },
    }),
    weirWith,
    mosquittoSub,
    python,
    nodeRed: nodeRed(cacheFolder),
    mqttJs,
  };
}

/** Lets a subject take part in a case. */
function contender(
  subject: Subject,
  measure: (bench: Bench, subject: Subject) => Promise<Figures>,
): Contender {
  const { name, obstacle } = subject;
  return { name, obstacle, measure: (bench) => measure(bench, subject) };
}

/** QoS 1 as fast as broker and subject can. */
function saturation({ weir, weirOnMqttJs, mosquittoSub, mqttJs }: Subjects): Case {
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

const EVEN_SECONDS = { 500: 20, 5000: 5 } as const;
const QUICK_SECONDS = 2;
const OVERHEAD_SECONDS = 3;

/** QoS 1 at a rate that everybody is to keep up with: what counts is processor time. */
function even(perSecond: 500 | 5_000, subjects: Subjects): Case {
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
    secondsEach: EVEN_SECONDS[perSecond] + OVERHEAD_SECONDS,
    contenders: [weir, mosquittoSub, python, nodeRed].map((one) =>
      contender(one, (bench, subject) =>
        measureThroughMosquitto(bench, {
          subject,
          broker: OPEN,
          load: {
            count: perSecond * (bench.isQuick ? QUICK_SECONDS : EVEN_SECONDS[perSecond]),
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

/** QoS 0 as fast as it comes: nothing slows the publisher down, and what is too much is lost. */
function qos0({ weir, mosquittoSub, mqttJs }: Subjects): Case {
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

/** How much the logger takes from something that only writes packets. */
function ceiling({ weir, weirOnMqttJs }: Subjects): Case {
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

const COUNT = 60_000;

/** As many messages at once as a broker takes that nobody has configured. */
function burst({ weir, mosquittoSub }: Subjects): Case {
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

const INFLIGHT = 20;

/** A broker that speaks MQTT 3.1.1 and has 20 messages under way to a client. */
function version311({ weir, mosquittoSub }: Subjects): Case {
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

const ROWS = { whole: 10_000_000, quick: 200_000 } as const;
const FILE_PER_SECOND = 5_000;
const FILE_EVEN_SECONDS = 5;
const SATURATION_COUNT = 1_000_000;
const AGE_US = 1_800_000_000;
/** Nothing is pruned: retention is a case of its own. */
const environment = { LOGGER_RETENTION_MINUTES: "5256000" };

/** Commit latency, and what a file that is full already does to it. */
function file({ weirWith }: Subjects): Case {
  const empty = weirWith({ name: "Weir, empty file", environment });
  const full = weirWith({ name: "Weir, 10,000,000 rows", environment });
  let fullFolder = "";

  const claim = (text: string, figureName: "p99Ms" | "cpuUs" | "rssMegabytes"): Claim => ({
    text: `10,000,000 rows in the file: ${text}, over an empty file`,
    target: { atMost: 1.1 },
    of: ratio(figureName, full.name, empty.name),
  });
  return {
    name: "file",
    title: "CPU and PUBACK at 5,000/s, messages/s at saturation",
    secondsEach: FILE_EVEN_SECONDS + 9,
    prepareSeconds: 30,
    prepare: async (bench) => {
      fullFolder = bench.folder();
      const toUs = Date.now() * 1_000;
      const target = join(fullFolder, DATA_FILE);
      const rows = ROWS[bench.isQuick ? "quick" : "whole"];
      const startMs = performance.now();
      await prefill({ file: target, rows, fromUs: toUs - AGE_US, toUs, signal: bench.signal });
      const seconds = (performance.now() - startMs) / 1_000;
      const megabytes = statSync(target).size / 1e6;
      bench.say(`file: ${rows} rows, ${megabytes.toFixed(0)} MB, in ${seconds.toFixed(0)} s`);
    },
    contenders: [
      { ...empty, measure: (bench) => measureBoth(bench, empty, () => bench.folder()) },
      { ...full, measure: (bench) => measureBoth(bench, full, () => fullFolder) },
    ],
    claims: [
      {
        text: "commit latency at 5,000/s: p99 from reception to PUBACK, ms",
        target: { atMost: 100 },
        of: figure("p99Ms", empty.name),
      },
      {
        text: "10,000,000 rows in the file: messages/s, over an empty file",
        target: { atLeast: 0.9 },
        of: ratio("perSecond", full.name, empty.name),
      },
      claim("p99 of PUBACK", "p99Ms"),
      claim("CPU per message", "cpuUs"),
      claim("memory", "rssMegabytes"),
    ],
  };
}

/** Latency, processor time and memory at an even rate, and the rate at saturation. */
async function measureBoth(bench: Bench, subject: Subject, folder: () => string): Promise<Figures> {
  const common = { qos: 1, topics: ["DATA"] } as const;
  const atRate = await measureAgainstStandIn(bench, {
    subject,
    folder: folder(),
    load: {
      ...common,
      count: FILE_PER_SECOND * (bench.isQuick ? 1 : FILE_EVEN_SECONDS),
      pace: { kind: "even", perSecond: FILE_PER_SECOND },
    },
  });
  const atSaturation = await measureAgainstStandIn(bench, {
    subject,
    folder: folder(),
    load: {
      ...common,
      count: bench.isQuick ? 100_000 : SATURATION_COUNT,
      pace: { kind: "saturation", window: 65_535 },
    },
  });
  const { perSecond, lost = 0 } = atSaturation;
  return {
    ...atRate,
    lost: lost + (atRate.lost ?? 0),
    ...(perSecond === undefined ? {} : { perSecond }),
  };
}

const STREAMS = 20;
const STREAMS_PER_SECOND = 5_000;
const STREAMS_SECONDS = 5;
const names = Array.from({ length: STREAMS }, (_, index) => `s${String(index).padStart(2, "0")}`);
const topics = names.map((name) => `bench/${name}`);

/** The same messages in twenty streams and in one. */
function streams({ weirWith }: Subjects): Case {
  const one = weirWith({
    name: "one stream",
    configuration: { streams: ["all"], content: streamsConfiguration([["all", "bench/+"]]) },
  });
  const twenty = weirWith({
    name: "twenty streams",
    configuration: {
      streams: names,
      content: streamsConfiguration(names.map((name) => [name, `bench/${name}`])),
    },
  });
  return {
    name: "streams",
    title: "QoS 1 at 5,000/s on twenty topics",
    secondsEach: STREAMS_SECONDS + 3,
    contenders: [one, twenty].map((subject) =>
      contender(subject, (bench) =>
        measureAgainstStandIn(bench, {
          subject,
          filter: "bench/+",
          load: {
            count: STREAMS_PER_SECOND * (bench.isQuick ? 1 : STREAMS_SECONDS),
            qos: 1,
            topics,
            pace: { kind: "even", perSecond: STREAMS_PER_SECOND },
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

function streamsConfiguration(
  entries: readonly (readonly [name: string, filter: string])[],
): string {
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

const MEMORY_PER_SECOND = 20_000;
const MEMORY_SECONDS = { soak: 600, whole: 60, quick: 10 } as const;
/** Only its PUBACKs are compared. */
const UNPRUNED_SECONDS_MAX = 20;
/** The shortest that the stream `data` allows: the longest window of the statistics and the skew. */
const RETENTION_MINUTES = 31;
const memoryEnvironment = {
  LOGGER_RETENTION_MINUTES: String(RETENTION_MINUTES),
  LOGGER_CLOCK_STEADY_SECONDS: "0",
};

/** Memory while as much is removed as comes in, and what removing does to the time of a PUBACK. */
function memory({ weirWith }: Subjects, { isSoak }: { isSoak: boolean }): Case {
  const pruned = weirWith({ name: "a file, pruned", environment: memoryEnvironment });
  const unpruned = weirWith({ name: "a file, nothing to prune", environment: memoryEnvironment });
  const folder = weirWith({
    name: "a folder, rotated",
    environment: memoryEnvironment,
    configuration: { streams: ["all"], content: memoryConfiguration(isSoak ? "2m" : "20s") },
  });
  const secondsOf = ({ isQuick }: Bench): number =>
    MEMORY_SECONDS[isQuick ? "quick" : isSoak ? "soak" : "whole"];

  const both = (claim: (name: string) => Claim): Claim[] => [pruned.name, folder.name].map(claim);
  return {
    name: "memory",
    title: "QoS 1 at 20,000/s, with retention",
    isOnce: true,
    secondsEach: MEMORY_SECONDS[isSoak ? "soak" : "whole"] + 2,
    contenders: [
      {
        ...pruned,
        measure: async (bench) => {
          const seconds = secondsOf(bench);
          return follow(bench, {
            subject: pruned,
            seconds,
            folder: await withOldRows(bench, seconds),
          });
        },
      },
      {
        ...unpruned,
        measure: (bench) =>
          follow(bench, {
            subject: unpruned,
            seconds: Math.min(secondsOf(bench), UNPRUNED_SECONDS_MAX),
            folder: bench.folder(),
          }),
      },
      {
        ...folder,
        measure: (bench) =>
          follow(bench, { subject: folder, seconds: secondsOf(bench), folder: bench.folder() }),
      },
    ],
    claims: [
      ...both((name) => ({
        text: `memory at 20,000/s, ${name}: most, MB`,
        target: { atMost: 150 },
        of: figure("rssMegabytes", name),
      })),
      ...both((name) => ({
        text: `memory at 20,000/s, ${name}: last quarter over second quarter`,
        target: { atMost: 1.1 },
        of: figure("growth", name),
      })),
      {
        text: "pruning: the longest PUBACK with it, less the longest without, ms",
        target: { atMost: 50 },
        of: (contender) => {
          const [withIt, without] = [contender(pruned.name).maxMs, contender(unpruned.name).maxMs];
          return withIt === undefined || without === undefined ? undefined : withIt - without;
        },
      },
    ],
  };
}

/** A folder whose file has as much to remove in each second as will come in. */
async function withOldRows({ folder, say, signal }: Bench, seconds: number): Promise<string> {
  const path = folder();
  const fromUs = (Date.now() - RETENTION_MINUTES * 60_000) * 1_000;
  const rows = seconds * MEMORY_PER_SECOND;
  say(`memory: ${rows} rows that retention will remove`);
  await prefill({
    file: join(path, DATA_FILE),
    rows,
    fromUs,
    toUs: fromUs + seconds * 1e6,
    signal,
  });
  return path;
}

async function follow(
  bench: Bench,
  { subject, seconds, folder }: { subject: Subject; seconds: number; folder: string },
): Promise<Figures> {
  const samples: number[] = [];
  const figures = await measureAgainstStandIn(bench, {
    subject,
    folder,
    filter: "DATA",
    load: {
      count: MEMORY_PER_SECOND * seconds,
      qos: 1,
      topics: ["DATA"],
      pace: { kind: "even", perSecond: MEMORY_PER_SECOND },
    },
    onPoll: (pid) => samples.push(rssBytes(pid) / 1e6),
  });
  return { ...figures, growth: growthOf(samples) };
}

function memoryConfiguration(age: string): string {
  return JSON.stringify({
    streams: {
      data: { enabled: false },
      devices: { enabled: false },
      all: { filters: ["DATA"], decoder: "reading", rotation: "5s", retention: { age } },
    },
  });
}
