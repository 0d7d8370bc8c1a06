import { expect, test } from "@jest/globals";
import { systemClock } from "@weir/runtime";
import { openSources } from "../../src/device/device.ts";
import { agentOf } from "../config/fixture.ts";

test("sources with attributes of one name are each reported by file and line", () => {
  const text = `sources:
  drive: { source: space_usage }
  walk: { source: random_walk }
  other: { source: space_usage }
`;
  const { device } = agentOf(text);
  expect(() => openSources(device, null, systemClock)).toThrow(
    /3 problem\(s\):\n.*agent\.yaml:4: sources\.other: its attribute drive-space-used is also one of the source drive/,
  );
});
