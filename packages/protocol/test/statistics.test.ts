import { expect, test } from "@jest/globals";
import { parseStatistics, type Statistics } from "@weir/protocol";

const detail = { count: 0, min: null, max: null, ageSeconds: null };
const statistics: Statistics = {
  avg_1min: null,
  avg_5min: 45.7,
  avg_30min: 47.18,
  at: 1_795_207_143,
  throughId: 12,
  lagRows: 0,
  windows: { "1min": detail, "5min": detail, "30min": detail },
};

test("statistics are read back as they were written", () => {
  expect(parseStatistics(Buffer.from(JSON.stringify(statistics)))).toEqual(statistics);
});

test.each(["", "{", "null", "[]", '{"avg_1min":"x"}', '{"avg_1min":1,"avg_5min":1,"avg_30min":1}'])(
  "what a stranger publishes as statistics is not taken for them: %s",
  (payload) => {
    expect(parseStatistics(Buffer.from(payload))).toBeNull();
  },
);
