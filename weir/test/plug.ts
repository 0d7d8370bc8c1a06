import { writeFileSync } from "node:fs";
import { Catalogue } from "@weir/series";
import { readStatsConfig } from "@weir/stats/config";
import { openSegmentedStore } from "@weir/store";
import { openSeriesReader } from "@weir/streams";
import { rowOf, START_US, type TemporaryFolder } from "@weir/testkit";

export const PLUG = "tele/plug/SENSOR";
const PAYLOADS = [
  '{"Time":"2026-01-01T00:59:00","ENERGY":{"Total":10.5,"Power":40},"note":"spring"}',
  '{"Time":"2026-01-01T01:00:30","ENERGY":{"Total":10.6,"Power":42}}',
];

/** A stream with two payloads of a plug in Berlin, which stats has read into the catalogue. */
export function storePlug(folder: TemporaryFolder) {
  writeFileSync(
    folder.file("weir.yaml"),
    "streams:\n  home: { filters: [tele/#], timeZone: Europe/Berlin }\n",
  );
  const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: folder.file("weir.yaml") };
  const { streams, indexFile, skewUs } = readStatsConfig(environment).series;
  const home = streams.find(({ name }) => name === "home");
  if (home?.place.kind !== "folder") throw new Error("the stream home has a folder");
  using store = openSegmentedStore({
    folder: home.place.folder,
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  using catalogue = new Catalogue(indexFile);
  const reader = openSeriesReader(home, skewUs);
  const of = catalogue.stream("home");
  PAYLOADS.forEach((text, index) => {
    const receivedUs = START_US + index * 60_000_000;
    const message = { topic: PLUG, payload: Buffer.from(text), receivedUs, retained: false };
    store.append([{ ...rowOf("{}", receivedUs), ...message, value: null, observedUs: null }]);
    const row = { segment: "s", id: index + 1, receivedUs };
    const reading = reader.read({ ...message, observedUs: null }, of.memory.at(row));
    catalogue.describe(reading.metadata);
    of.note(reading, row);
  });
  catalogue.save();
  return environment;
}
