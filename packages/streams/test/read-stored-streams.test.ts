import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { CheckedSettings, type Environment } from "@weir/runtime";
import { storedSettings, storedStreamsOf } from "@weir/streams";
import { temporaryFolder } from "@weir/testkit";

function storedOf(text: string, environment: Environment = {}) {
  using folder = temporaryFolder();
  const file = folder.file("weir.yaml");
  writeFileSync(file, text);
  const given = { WEIR_FILE: file, DB_FILE: "data/weir.db", ...environment };
  return storedStreamsOf(new CheckedSettings(storedSettings, given));
}

const placeOf = ({ streams }: ReturnType<typeof storedOf>, wanted: string) =>
  streams.find(({ name }) => name === wanted)?.place;

describe("where streams are stored", () => {
  test("is read without the secrets of their brokers", () => {
    const text = `
brokers:
  barn: { url: "mqtt://barn", passwordFile: not-for-you }
  greenhouse: { url: "mqtt://greenhouse", passwordVariable: NOT_FOR_YOU }
streams:
  animals: { filters: [animals/#], broker: barn }
`;
    const stored = storedOf(text);
    expect(placeOf(stored, "animals")).toEqual({ kind: "folder", folder: "data/animals" });
    expect(placeOf(stored, "devices")).toEqual({ kind: "folder", folder: "data/devices" });
  });

  test("is what weir.yaml says, and nowhere for a stream that is switched off", () => {
    const text = "streams: { devices: { folder: /disk/devices }, data: { enabled: false } }\n";
    const stored = storedOf(text);
    expect(placeOf(stored, "devices")).toEqual({ kind: "folder", folder: "/disk/devices" });
    expect(placeOf(stored, "data")).toBeUndefined();
  });

  test("comes with how long their points are kept", () => {
    const text =
      "streams: { data: { history: 30d }, devices: { history: off }, a: { filters: [x] } }";
    const { streams } = storedOf(text);
    expect(streams.map(({ name, historyMs }) => [name, historyMs])).toEqual([
      ["data", 30 * 86_400_000],
      ["devices", null],
      ["a", 400 * 86_400_000],
    ]);
    expect(storedOf("").streams.map(({ historyMs }) => historyMs)).toEqual([
      null,
      400 * 86_400_000,
    ]);
  });

  test("comes with the age at which weir.yaml has their messages removed", () => {
    const text = "streams: { data: {}, a: { filters: [x], retention: { age: 2h } } }";
    const { streams } = storedOf(text);
    expect(streams.map(({ rowsAgeMs }) => rowsAgeMs)).toEqual([null, null, 7_200_000]);
  });

  test("comes with the prefixes of devices and the skew that is believed", () => {
    const environment = { DEVICE_TOPIC_PREFIXES: "a, b", LOGGER_CLOCK_SKEW_SECONDS: "5" };
    expect(storedOf("", environment)).toMatchObject({
      devicePrefixes: ["a", "b"],
      skewUs: 5_000_000,
    });
  });

  test("is not read from a weir.yaml that is wrong", () => {
    expect(() => storedOf("streams: { devices: { folders: x } }\n")).toThrow("folders");
  });
});
