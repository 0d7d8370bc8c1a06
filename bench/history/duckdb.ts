import { DuckDBInstance } from "@duckdb/node-api";
import { type DataSet, type SetSeries, seriesOf } from "./sets.ts";
import { type Answer, emptyAnswer, fillBucket, type Question, type Subject } from "./subject.ts";

/** A value is a double, or an integer with the number of its decimals. */
const VALUE = "coalesce(value, unscaled / pow(10, scale))";
const MICROSECONDS = "epoch_us(time) + coalesce(micros, 0)";

/** DuckDB, asked in this process about the files that Weir keeps the points in. */
export async function duckDb(set: DataSet, historyFolder: string): Promise<Subject> {
  const series = seriesOf(set);
  const places = new Map(series.map(({ topic, path }, number) => [`${topic}#${path}`, number]));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const files = `${historyFolder.replaceAll("'", "''")}/stream=${set.name}/*/*.parquet`;
  await connection.run(`
    SET TimeZone = 'UTC';
    CREATE VIEW points AS
    SELECT topic, path, ${MICROSECONDS} AS us, ${VALUE} AS value, time
    FROM read_parquet('${files}', hive_partitioning = true)`);
  return {
    name: "DuckDB, the same files",
    bytes: () => null,
    ask: async (question) => {
      const reader = await connection.runAndReadAll(queryOf(series, question));
      return () => answerOf(reader.getRowsJS(), places, question);
    },
    [Symbol.asyncDispose]: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function queryOf(series: readonly SetSeries[], { series: asked, buckets }: Question): string {
  const { fromUs, stepUs, count } = buckets;
  const toUs = fromUs + count * stepUs;
  const [only] = asked;
  const one = asked.length === 1 && only !== undefined ? series[only] : undefined;
  // Row groups without these times or this series are skipped.
  const filters = [
    `time >= make_timestamptz(${fromUs})`,
    `time < make_timestamptz(${toUs})`,
    ...(one === undefined ? [] : [`topic = '${one.topic}'`, `path = '${one.path}'`]),
  ];
  return `
    SELECT topic, path, (us - ${fromUs}) // ${stepUs} AS bucket, count(*)::DOUBLE, sum(value), min(value), max(value)
    FROM points WHERE ${filters.join(" AND ")} GROUP BY ALL`;
}

function answerOf(
  rows: readonly (readonly unknown[])[],
  places: ReadonlyMap<string, number>,
  question: Question,
): Answer {
  const answer = emptyAnswer(question);
  const place = new Map(question.series.map((number, index) => [number, index]));
  for (const [topic, path, bucket, ...parts] of rows) {
    const number = places.get(`${String(topic)}#${String(path)}`);
    const index = number === undefined ? undefined : place.get(number);
    if (index === undefined) continue;
    // The query says so.
    const [count, sum, min, max] = parts as [number, number, number, number];
    fillBucket(answer, index * question.buckets.count + Number(bucket), { count, sum, min, max });
  }
  return answer;
}
