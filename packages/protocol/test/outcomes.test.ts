import { expect, test } from "@jest/globals";
import { OUTCOMES, outcomeOf } from "@weir/protocol";

test("the codes of outcomes never change: stored rows carry them", () => {
  const codes = Object.fromEntries(OUTCOMES.map(({ code, reason }) => [code, reason]));
  expect(codes).toEqual({
    0: "",
    1: "time missing or unreadable",
    2: "time in the future",
    3: "publisher, epoch or seq unusable",
    4: "beyond the ledger's limits",
    5: "the filter failed",
    6: "retained",
    7: "time before 2001: a clock that was never set",
    8: "time without a zone",
    9: "NaN or infinity in JSON",
    10: "empty payload",
    11: "payload too large",
    12: "not UTF-8",
    13: "not JSON",
    14: "not a JSON object",
    15: "number missing",
    16: "number unreadable",
    17: "number out of range",
    18: "not a number",
    20: "JSON without a single reading",
    21: "text",
    22: "bytes",
    23: "Avro without a single reading",
    30: "Avro framing missing",
    31: "Avro schema unknown",
    32: "not readable by its Avro schema",
    33: "Avro beyond limits",
    40: "empty message",
    50: "the topic names another device than the publisher",
    51: "too many new topics",
    54: "topic not allowed by MQTT: stored escaped",
    55: "packet not allowed by MQTT",
  });
});

test("an outcome is found by its reason", () => {
  expect(outcomeOf("not JSON")).toEqual({ code: 13, kind: "rejected", reason: "not JSON" });
});
