import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { restore } from "@weir/backup";
import { namedFiles, readEveryPoint } from "@weir/series";
import { readRange, type StreamPlace } from "@weir/store";
import { temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { backUpSuite, NEVER, placesIn } from "./fixture.ts";

const WRITER = fileURLToPath(new URL("./write-for-ever.ts", import.meta.url));
const BACKUPS = 5;

async function startWriter(folder: string): Promise<AsyncDisposable> {
  const { storeFile, streams } = placesIn(folder);
  mkdirSync(join(folder, "data"));
  const home = streams[1]?.place.kind === "folder" ? streams[1].place.folder : "";
  const child = spawn(process.execPath, [WRITER, storeFile, home], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const ended = once(child, "exit");
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function idsIn(place: StreamPlace): Promise<number[]> {
  const ids: number[] = [];
  for await (const page of readRange(place)) {
    expect(page.skipped ?? []).toEqual([]);
    for (const { payload } of page.messages) {
      ids.push((JSON.parse(Buffer.from(payload).toString()) as { number: number }).number);
    }
  }
  return ids;
}

function newestRow(storeFile: string): number {
  const database = new Sqlite(storeFile, { readonly: true });
  const id = database.prepare("SELECT max(id) FROM rows").pluck().get() as number;
  database.close();
  return id;
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

test("each snapshot has the rows of one moment, and exactly the points that its index counts, while rows are stored, segments archived and removed and points merged", async () => {
  using folder = temporaryFolder();
  const { storeFile } = placesIn(folder.path);
  const taken: { snapshot: string; before: number; after: number }[] = [];
  {
    await using _writer = await startWriter(folder.path);
    while (taken.length < BACKUPS) {
      const before = newestRow(storeFile);
      const { snapshot } = await backUpSuite(folder, BACKUPS);
      taken.push({ snapshot, before, after: newestRow(storeFile) });
    }
  }
  for (const { snapshot, before, after } of taken) {
    const to = folder.file(snapshot);
    await restore({ folder: folder.file("backups"), snapshot, to, signal: NEVER });
    const rows = await idsIn({ kind: "file", file: join(to, "store/weir.db") });
    expect(rows).toEqual(upTo(rows.length));
    expect(rows.length).toBeGreaterThanOrEqual(before);
    expect(rows.length).toBeLessThanOrEqual(after);

    const home = await idsIn({ kind: "folder", folder: join(to, "store/home") });
    const last = home.at(-1) as number;
    expect(home).toEqual(upTo(last, home[0]));
    expect(last).toBeGreaterThanOrEqual(before);
    expect(last).toBeLessThanOrEqual(after + 1);

    const values: number[] = [];
    for (const path of namedFiles(join(to, "store/index.db"))) {
      for await (const { points } of readEveryPoint(join(to, "store/history", path))) {
        values.push(...points.values);
      }
    }
    values.sort((one, other) => one - other);
    expect(values).toEqual(upTo(values.length));
    // No position is ahead of the rows.
    expect(values.length).toBeLessThanOrEqual(last);
  }
});
