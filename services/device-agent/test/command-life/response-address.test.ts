import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { responseAddressOf } from "../../src/command-life/acks.ts";
import { KITCHEN, startTrial } from "./fixture.ts";

describe("a response topic", () => {
  test("gets answers, with the correlation data", () => {
    const correlationData = Buffer.from([1, 0, 255]);
    expect(
      responseAddressOf({ responseTopic: "answers/dashboard-7", correlationData }, KITCHEN, []),
    ).toEqual({ topic: "answers/dashboard-7", correlation: correlationData });
    expect(responseAddressOf({ responseTopic: "answers/x" }, KITCHEN, [])).toEqual({
      topic: "answers/x",
      correlation: null,
    });
    expect(responseAddressOf({ correlationData }, KITCHEN, [])).toBeNull();
  });

  test.each([
    "devices/cellar/command",
    "devices/kitchen/command",
    "devices/cellar/state",
    "devices/kitchen/command/ack",
    "devices",
    "losant/cellar/state",
    "home/cellar/command",
    "home/cellar/state",
    "weir/receipt/publisher",
    "homeassistant/device/kitchen/config",
    "$SYS/broker",
    "DATA",
    "DATA/x",
    "STATS",
    "STATS/kitchen/walk",
    "a/#",
    "a/+/b",
    "",
    "nul\0",
    "x".repeat(513),
  ])("gets none where it means something already, or is no topic: %j", (responseTopic) => {
    expect(responseAddressOf({ responseTopic }, KITCHEN, [])).toBe("refused");
  });

  test("below the device's own prefix gets none, whatever that prefix is", () => {
    const device = { prefix: "site/7", id: "kitchen" };
    expect(responseAddressOf({ responseTopic: "site/7/anything" }, device, [])).toBe("refused");
    expect(responseAddressOf({ responseTopic: "site/8/anything" }, device, [])).toMatchObject({
      topic: "site/8/anything",
    });
  });

  test.each([
    "plant/numbers",
    "plant/numbers/x",
    "plant/averages",
    "plant/averages/kitchen/walk",
    "site/cellar/lamp",
    "hall/things/cellar/lamp",
    "ha/device/kitchen/config",
    "DATA",
    "devices/cellar/lamp",
  ])("gets none below what is configured, nor below what is not: %j", (responseTopic) => {
    const reserved = ["plant/numbers", "plant/averages", "site", "+/things", "ha"];
    expect(responseAddressOf({ responseTopic }, KITCHEN, reserved)).toBe("refused");
  });

  test("that only begins like one that is configured gets answers", () => {
    for (const responseTopic of ["plant/numbers-of-mine", "plant", "site-7/x", "things/x"]) {
      expect(responseAddressOf({ responseTopic }, KITCHEN, ["plant/numbers", "site"])).toEqual({
        topic: responseTopic,
        correlation: null,
      });
    }
  });

  test("gets none with correlation data that would fill the journal", () => {
    const correlationData = Buffer.alloc(1_025);
    expect(responseAddressOf({ responseTopic: "answers/x", correlationData }, KITCHEN, [])).toBe(
      "refused",
    );
  });

  test("that gets none does not keep the command from being executed", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    trial.hand({ id: "a", name: "echo" }, { responseTopic: "devices/cellar/command" });
    expect(await trial.ended("a")).toMatchObject({ status: "done" });
    expect(trial.journal.pendingAcks(0, 10).map(({ response }) => response)).toEqual([
      null,
      null,
      null,
    ]);
    expect(trial.log[0]?.message).toContain("response topic");
  });

  test("that is a configured one gets none from the handler", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder, reservedTopics: ["plant/numbers"] });
    trial.hand({ id: "a", name: "echo" }, { responseTopic: "plant/numbers" });
    await trial.ended("a");
    expect(trial.journal.pendingAcks(0, 10).map(({ response }) => response)).not.toContainEqual(
      expect.objectContaining({ topic: "plant/numbers" }),
    );
  });
});
