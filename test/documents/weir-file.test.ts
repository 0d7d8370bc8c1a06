import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { readStreams, weirFileJsonSchema } from "@weir/streams";

test("config/weir.schema.json is what the code accepts (npm run config -- schema)", () => {
  const written = JSON.parse(readFileSync("config/weir.schema.json", "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(weirFileJsonSchema())));
});

test("config/weir.example.yaml is sound, and shows every key of a stream", () => {
  const file = "config/weir.example.yaml";
  const { streams } = readStreams({ WEIR_FILE: file, BARN_PASSWORD: "x" });
  expect(streams.map(({ name }) => name)).toEqual(["data", "devices", "kitchen", "animals"]);
  const schema = JSON.parse(readFileSync("config/weir.schema.json", "utf8"));
  const keys = Object.keys(schema.properties.streams.additionalProperties.properties);
  const text = readFileSync(file, "utf8");
  expect(keys.filter((key) => !text.includes(`${key}:`))).toEqual([]);
});
