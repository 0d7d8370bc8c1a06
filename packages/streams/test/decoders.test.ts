import { describe, expect, test } from "@jest/globals";
import { PAYLOAD_BYTES_MAX } from "@weir/protocol";
import { type DecoderSpec, openDecoder } from "@weir/streams";
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
    "takes %s for a valid message",
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

  const decodeState = (payload: string, timeZone = "UTC") => {
    const decoder = openDecoder({ kind: "device" }, () => {});
    const message = { topic: "devices/a/state", payload: Buffer.from(payload) };
    const { outcome, value, observedUs } = decoder(message, { ...TIMES, timeZone });
    return [outcome.kind, outcome.reason, value, observedUs];
  };
  const DOCUMENT = ["message", "JSON without a single reading", null];

  test("finds the time of a state, with no doubt where it has none", () => {
    const observedUs = 1_799_999_000_000_000;
    expect(decodeState('{"data":{"a":1},"time":1799999000000}')).toEqual([...DOCUMENT, observedUs]);
    expect(decodeState('{"data":{"a":1},"time":-1000000}')).toEqual([...DOCUMENT, observedUs]);
    for (const said of ["", ',"time":null']) {
      expect(decodeState(`{"data":{"a":1}${said}}`)).toEqual([...DOCUMENT, TIMES.receivedUs]);
    }
    expect(decodeState('{"a":1,"time":12345}')).toEqual([...DOCUMENT, null]);
  });

  test.each([
    ['"soon"', "time missing or unreadable"],
    ["1799999999999999999", "time in the future"],
    ["12345", "time before 2001: a clock that was never set"],
    ['"1970-01-01T00:00:00Z"', "time before 2001: a clock that was never set"],
    ['"2000-01-01"', "time before 2001: a clock that was never set"],
  ])("flags the state with the time %s, which counts at its reception", (time, reason) => {
    expect(decodeState(`{"data":{"a":1},"time":${time}}`)).toEqual([
      "flagged",
      reason,
      null,
      TIMES.receivedUs,
    ]);
  });

  test("reads a state's local time in the zone of the stream, and flags it", () => {
    const local = '{"data":{"a":1},"time":"2026-07-27 10:30:00"}';
    const [kind, reason, , observedUs] = decodeState(local, "Europe/Berlin");
    expect([kind, reason]).toEqual(["flagged", "time without a zone"]);
    expect(observedUs).toBe(Date.UTC(2026, 6, 27, 8, 30) * 1_000);
  });

  test("flags a state with NaN, and a doubt about its time before that", () => {
    expect(decodeState('{"data":{"temp":NaN,"hum":40}}')).toEqual([
      "flagged",
      "NaN or infinity in JSON",
      null,
      TIMES.receivedUs,
    ]);
    const [, reason] = decodeState('{"data":{"temp":nan},"time":7}');
    expect(reason).toBe("time before 2001: a clock that was never set");
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
  test.each(SIMPLE)("takes an empty message for a deletion: %s", (kind) => {
    expect(decode(kind, "").outcome).toMatchObject({ kind: "deletion", reason: "empty message" });
  });

  test.each([
    ["reading", '{"number":1,"epochtime":"1700000000"}'],
    ["json", '{"number":1,"epochtime":"1700000000"}'],
    ["json", "[1,2]"],
    ["device", '{"data":{"a":1}}'],
    ["number", " -1.5e3"],
    ["text", "grüß"],
  ] as const)("reads what a byte order mark and NULs stand around: %s %s", (kind, text) => {
    const plain = decode(kind, text);
    expect(plain.outcome.kind).not.toBe("rejected");
    for (const marked of [`\uFEFF${text}`, `${text}\0`, `\uFEFF${text}${"\0".repeat(500)}`]) {
      expect(decode(kind, marked)).toEqual(plain);
    }
  });

  const place = { publisher: "p", epoch: "e", seq: 7 };

  test.each(SIMPLE)("finds the sequence of an outbox: %s", (kind) => {
    const { sequence } = decode(kind, `\n${JSON.stringify({ number: 1, epochtime: 1, ...place })}`);
    expect(sequence).toEqual(place);
  });

  test.each([
    ["raw", "bytes"],
    ["text", "text"],
    ["number", "not a number"],
  ] as const)("has its own outcome beside it: %s", (kind, reason) => {
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
