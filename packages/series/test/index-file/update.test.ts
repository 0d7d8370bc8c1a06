import { expect, test } from "@jest/globals";
import { Catalogue, readCatalogue } from "@weir/series";
import { temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { APPLICATION_ID, INDEX_VERSION, STEPS } from "../../src/index-file/schema.ts";

/** An index as the first version made it, with one series. */
function makeFirstVersion(file: string): void {
  const database = new Sqlite(file);
  database.exec(STEPS[0] as string);
  database.exec(`
    INSERT INTO streams VALUES ('home', 's1', 7, 1000);
    INSERT INTO series (stream, topic, path, family, kind, points, first_us, newest_us, newest_value, received_us)
    VALUES ('home', 'home/meter', 'power', 'auto', 'gauge', 3, 1, 2, 90, 2);
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = 1;`);
  database.close();
}

test("an index of the first version keeps its series, and gets the tables of the history", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  makeFirstVersion(file);
  expect(readCatalogue(file)).toMatchObject([{ path: "power", points: 3 }]);
  {
    using catalogue = new Catalogue(file);
    expect(catalogue.keptAs).toBeNull();
    expect(catalogue.stream("home").progress).toMatchObject({ segment: "s1", id: 7 });
  }
  expect(readCatalogue(file)).toMatchObject([{ path: "power", points: 3 }]);
  const database = new Sqlite(file, { readonly: true });
  expect(database.pragma("user_version", { simple: true })).toBe(INDEX_VERSION);
  expect(database.prepare("SELECT * FROM files").all()).toEqual([]);
  // 2: pages that are free can be given back.
  expect(database.pragma("auto_vacuum", { simple: true })).toBe(2);
  database.close();
});

test("an index of a later version is left as it is", () => {
  using folder = temporaryFolder();
  const file = folder.file("index.db");
  makeFirstVersion(file);
  const database = new Sqlite(file);
  database.pragma(`user_version = ${INDEX_VERSION + 1}`);
  expect(() => new Catalogue(file)).toThrow(
    `has format version ${INDEX_VERSION + 1}; this version of Weir reads up to ${INDEX_VERSION}`,
  );
  expect(database.pragma("journal_mode", { simple: true })).toBe("delete");
  database.close();
});
