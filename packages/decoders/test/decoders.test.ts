import { describe, expect, test } from "@jest/globals";
import { type DecoderSpec, openDecoder } from "@weir/decoders";
import { PAYLOAD_BYTES_MAX } from "@weir/messages";
import fc from "fast-check";

const TIMES = { receivedUs: 1_800_000_000_000_000, skewUs: 60_000_000 };
const SIMPLE = ["reading", "device", "json", "number", "text", "raw"] as const;

function decode(kind: (typeof SIMPLE)[number], payload: string | Buffer) {
  const decoder = openDecoder({ kind } as DecoderSpec, () => {});
  return decoder({ topic: "t", payload: Buffer.from(payload) }, TIMES);
}

const summary = ({ outcome, value }: ReturnType<typeof decode>) => [outcome.reason, value];

describe("the decoder json", () => {
  test("takes a reading where there is one", () => {
    expect(summary(decode("json", '{"number":4.5,"epochtime":"1700000000"}'))).toEqual(["", 4.5]);
  });

  test.each(['{"data":{"free":1},"time":1}', "[1,2]", "42", '"text"', "null"])(
    "takes %s for a sound message",
    (payload) => {
      expect(decode("json", payload).outcome.kind).toBe("message");
    },
  );

  test("finds the sequence of an outbox in a message without a reading", () => {
    const sequence = { publisher: "p", epoch: "e", seq: 7 };
    const payload = JSON.stringify({ data: {}, ...sequence });
    expect(decode("json", payload).sequence).toEqual(sequence);
  });

  test("rejects what is not JSON, and a number that is none", () => {
    expect(decode("json", "{").outcome.reason).toBe("not JSON");
    expect(decode("json", '{"number":"seven"}').outcome.reason).toBe("number unreadable");
  });
});

describe("the decoder device", () => {
  const reasonOf = (topic: string, payload: string) =>
    openDecoder({ kind: "device" }, () => {})({ topic, payload: Buffer.from(payload) }, TIMES)
      .outcome.reason;

  test("takes text where a device may send it", () => {
    expect(reasonOf("devices/a/availability", "online")).toBe("text");
    expect(reasonOf("devices/a/log/warn", "the door is open")).toBe("text");
    expect(reasonOf("devices/a/log/warn", '{"message":"x"}')).toBe("JSON without a single reading");
  });

  test("takes nothing but JSON for states, commands and acks", () => {
    for (const topic of ["devices/a/state", "losant/a/command", "devices/a/command/ack"]) {
      expect(reasonOf(topic, "online")).toBe("not JSON");
      expect(reasonOf(topic, '{"data":{}}')).toBe("JSON without a single reading");
    }
  });
});

describe("the decoder number", () => {
  test.each([
    ["42", 42],
    [" -1.5e3\n", -1_500],
    [".5", 0.5],
    ["+0", 0],
  ])("reads %j", (payload, value) => {
    expect(decode("number", payload)).toMatchObject({ value, observedUs: TIMES.receivedUs });
  });

  test.each([
    ["", "empty payload"],
    ["0x10", "not a number"],
    ["1,5", "not a number"],
    ["NaN", "not a number"],
    ["1e999", "number out of range"],
    ["9".repeat(1_000), "not a number"],
  ])("rejects %j: %s", (payload, reason) => {
    expect(summary(decode("number", payload))).toEqual([reason, null]);
  });
});

describe("the decoders text and raw", () => {
  test("keep what there is, and say when a text is none", () => {
    expect(decode("text", "grüß").outcome.reason).toBe("text");
    expect(decode("text", Buffer.from([0xff])).outcome.reason).toBe("not UTF-8");
    expect(decode("raw", Buffer.from([0xff])).outcome.reason).toBe("bytes");
  });
});

describe("every decoder", () => {
  const place = { publisher: "p", epoch: "e", seq: 7 };

  test.each(SIMPLE)("finds the sequence of an outbox: %s", (kind) => {
    const { sequence } = decode(kind, `\n${JSON.stringify({ number: 1, epochtime: 1, ...place })}`);
    expect(sequence).toEqual(place);
  });

  test.each([
    ["raw", "bytes"],
    ["text", "text"],
    ["number", "not a number"],
  ] as const)("has the outcome of its own beside it: %s", (kind, reason) => {
    expect(decode(kind, JSON.stringify(place)).outcome.reason).toBe(reason);
    const unusable = JSON.stringify({ ...place, seq: 0 });
    expect(decode(kind, unusable)).toMatchObject({ outcome: { reason }, sequence: null });
    expect(decode(kind, 'not JSON, with "seq"').sequence).toBeNull();
  });
});

test("no decoder throws, whatever arrives", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    fc.json().map((text) => Buffer.from(text)),
    fc.constant(Buffer.alloc(PAYLOAD_BYTES_MAX + 1, "1")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...SIMPLE), bytes, (kind, payload) => {
      expect(decode(kind, payload).outcome).toBeDefined();
    }),
    { seed: 4, numRuns: 500 },
  );
});
