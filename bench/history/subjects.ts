import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Subjects } from "./cases.ts";
import { duckDb } from "./duckdb.ts";
import type { DataSet } from "./sets.ts";
import { sqliteTable } from "./sqlite.ts";
import { makeStore, type Store } from "./store.ts";
import type { Subject, SubjectKind } from "./subject.ts";
import { fromPoints, fromRows } from "./weir.ts";

export interface OpenSubjects extends Subjects, AsyncDisposable {
  store: Store;
}

/** Gives a set to everyone who can take part, one after the other. @param options.folder for what they keep. */
export async function openSubjects(
  set: DataSet,
  {
    folder,
    say,
    victoriaMetrics,
  }: { folder: string; say: (text: string) => void; victoriaMetrics: SubjectKind },
): Promise<OpenSubjects> {
  await using opening = new AsyncDisposableStack();
  const startMs = performance.now();
  const done = (what: string): void =>
    say(`${set.name}: ${what}, ${Math.round((performance.now() - startMs) / 1_000)} s`);
  const folderFor = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const open = async (kind: SubjectKind, name: string): Promise<Subject> => {
    const subject = opening.use(await kind.open(set, folderFor(name)));
    done(kind.name);
    return subject;
  };

  const store = await makeStore(set, folderFor("weir"));
  done("rows, points and index");
  const obstacle = victoriaMetrics.obstacle();
  const subjects: Subjects = {
    ours: opening.use(fromPoints(set, store)),
    rows: opening.use(fromRows(set, store)),
    duckDb: opening.use(await duckDb(set, store.historyFolder)),
    sqlite: await open(sqliteTable, "sqlite"),
    victoriaMetrics:
      obstacle === null
        ? await open(victoriaMetrics, "victoria-metrics")
        : { name: victoriaMetrics.name, obstacle },
  };
  const opened = opening.move();
  return { ...subjects, store, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
