import { describe, expect, test } from "@jest/globals";
import { createClaimOf } from "../src/index.ts";

describe("a claim to be a publisher", () => {
  const claimOf = createClaimOf(["devices", "losant", "hall/+"]);

  test.each([
    ["devices/pi/state", "own"],
    ["devices/pi/log/info", "own"],
    ["devices/pi", "own"],
    ["losant/pi/state", "own"],
    ["hall/3/pi/state", "own"],
    ["devices/pi2/state", "foreign"],
    ["devices/p/state", "foreign"],
    ["devices//state", "foreign"],
    ["devices/garden/pi", "foreign"],
    ["losant/garden/state", "foreign"],
    ["hall/pi/garden", "foreign"],
    ["devices", "shared"],
    ["hall/pi", "shared"],
    ["DATA", "shared"],
    ["devicespi/pi", "shared"],
    ["/devices/pi", "shared"],
  ])("of pi on %s is %s", (topic, claim) => {
    expect(claimOf(topic, "pi")).toBe(claim);
  });

  test("is shared everywhere where no topic names a device", () => {
    expect(createClaimOf([])("devices/garden/state", "pi")).toBe("shared");
  });
});
