import { describe, expect, test } from "@jest/globals";
import { describeOutage } from "../src/outage.ts";
import { CONNECTION_CLOSED, endOf, withCode } from "../src/packets/errors.ts";

describe("an outage's description", () => {
  test.each([4, 5, 0x86, 0x87])("names the settings for a user refused with %i", (code) => {
    const { reason, remedy } = describeOutage(withCode("Connection refused", code));
    expect(reason).toBe("Connection refused");
    expect(remedy).toContain("BROKER_USERNAME and BROKER_PASSWORD");
  });

  test("gives a broker's reason in words", () => {
    expect(endOf(0x8b).message).toBe("the broker ended the connection: Server shutting down");
    expect(endOf(0).message).toBe("the broker ended the connection: reason code 0");
    expect(endOf(CONNECTION_CLOSED).message).toBe("the broker closed the connection");
  });

  test("gives the code of an error that has no message", () => {
    const severalAddresses = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
    expect(describeOutage(severalAddresses)).toEqual({
      reason: "ECONNREFUSED",
      remedy: "Is it running, and is BROKER right?",
    });
  });
});
