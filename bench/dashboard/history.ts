// A day of twenty series by the minute as rows and points, and years before it as points alone.
import { systemClock } from "@weir/runtime";
import { PointsStore } from "@weir/series";
import { createRandom, type DataSet } from "../history/sets.ts";
import { makeStore } from "../history/store.ts";

const MINUTE_US = 60_000_000;
const DAY_MINUTES = 1_440;
const SENSORS = [
  "home/sensor-0",
  "home/sensor-1",
  "home/sensor-2",
  "home/sensor-3",
  "home/sensor-4",
];
const PATHS = ["temperature", "humidity", "pressure", "battery"];

/** Makes a history that ends now. @param days so many are in it, the last one with its messages. */
export async function makeHistory(folder: string, days: number): Promise<void> {
  const toUs = Math.floor(Date.now() / 60_000) * MINUTE_US;
  const fromUs = toUs - (DAY_MINUTES - 1) * MINUTE_US;
  const { indexFile, streams } = await makeStore(aDay(fromUs, toUs), folder);
  const stream = streams[0]?.name ?? "";
  const options = {
    indexFile,
    clock: systemClock,
    onLost: ({ file }: { file: string }) => {
      throw new Error(`${file} is lost`);
    },
  };
  {
    using points = new PointsStore(options);
    const writer = await points.stream(stream, { historyMs: Number.POSITIVE_INFINITY });
    const { through } = writer;
    if (through === null) throw new Error("no row has passed");
    // They are of rows that were removed long ago: those that are there have passed.
    const flush = (): Promise<void> => {
      writer.pass(through);
      return writer.flush();
    };
    const values = walking();
    for (let us = fromUs - (days - 1) * DAY_MINUTES * MINUTE_US; us < fromUs; us += MINUTE_US) {
      for (const { topic, path, next } of values) writer.add(topic, path, us, next());
      if (writer.isDue) await flush();
    }
    await flush();
    while (await writer.merge());
  }
  // Files that others took the place of are removed when it is opened again.
  using again = new PointsStore(options);
  await again.stream(stream, { historyMs: Number.POSITIVE_INFINITY });
}

function aDay(fromUs: number, toUs: number): DataSet {
  const us = Float64Array.from({ length: DAY_MINUTES }, (_, index) => fromUs + index * MINUTE_US);
  const series = walking();
  const sources = SENSORS.map((topic) => ({
    topic,
    us,
    values: new Map(
      series
        .filter((one) => one.topic === topic)
        .map(({ path, next }) => [path, Float64Array.from(us, next)]),
    ),
  }));
  const messages = SENSORS.length * DAY_MINUTES;
  const points = messages * PATHS.length;
  return { name: "home", title: "a day", sources, points, messages, fromUs, toUs };
}

/** Each series as a walk of one decimal. */
function walking() {
  const random = createRandom(5);
  return SENSORS.flatMap((topic) =>
    PATHS.map((path) => {
      let tenths = 400;
      const next = (): number => {
        tenths += Math.floor(random() * 11) - 5;
        return tenths / 10;
      };
      return { topic, path, next };
    }),
  );
}
