import { statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { type DataSet, seriesOf } from "./sets.ts";
import {
  type Answer,
  emptyAnswer,
  fillBucket,
  type Question,
  type SubjectKind,
} from "./subject.ts";

/** In the order of a question's series and buckets. */
const ASK = `
SELECT (time - @fromUs) / @stepUs AS bucket, count(*) AS count, sum(value) AS sum, min(value) AS min,
       max(value) AS max
FROM points WHERE series = @series AND time >= @fromUs AND time < @toUs GROUP BY bucket`;

interface BucketRow {
  bucket: number;
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** A table of SQLite, as one would make it: the points in the order of series and time, without a row id. */
export const sqliteTable: SubjectKind = {
  name: "SQLite table",
  obstacle: () => null,
  open: async (set: DataSet, folder: string) => {
    const file = join(folder, "points.db");
    const database = new Sqlite(file);
    database.pragma("journal_mode = OFF");
    database.exec(`CREATE TABLE points (
      series INTEGER NOT NULL, time INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, time)
    ) STRICT, WITHOUT ROWID`);
    const insert = database.prepare("INSERT INTO points VALUES (?, ?, ?)");
    database.transaction(() => {
      for (const [number, { us, values }] of seriesOf(set).entries()) {
        for (const [index, value] of values.entries()) insert.run(number, us[index], value);
      }
    })();
    const ask = database.prepare<[object], BucketRow>(ASK);
    return {
      name: sqliteTable.name,
      bytes: () => statSync(file).size,
      ask: async (question) => {
        const { fromUs, stepUs, count } = question.buckets;
        // A number with a fraction would divide as such.
        const span = {
          fromUs: BigInt(fromUs),
          stepUs: BigInt(stepUs),
          toUs: BigInt(fromUs + count * stepUs),
        };
        const found = question.series.map((series) => ask.all({ ...span, series }));
        return () => answerOf(question, found);
      },
      [Symbol.asyncDispose]: async () => void database.close(),
    };
  },
};

function answerOf(question: Question, found: readonly (readonly BucketRow[])[]): Answer {
  const answer = emptyAnswer(question);
  for (const [place, rows] of found.entries()) {
    for (const row of rows) fillBucket(answer, place * question.buckets.count + row.bucket, row);
  }
  return answer;
}
