import { describe, expect, test } from "@jest/globals";
import type { StoredMessage } from "@weir/store";
import { createMessageCsv, createMessageJsonLines } from "@weir/streams";
import { START_US } from "@weir/testkit";

function stored(changes: Partial<StoredMessage> = {}): StoredMessage {
  return {
    cursor: "weir.db:1",
    receivedUs: START_US + 1,
    topic: "DATA",
    payload: Buffer.from("42"),
    qos: 1,
    retained: false,
    outcome: 0,
    value: 42,
    observedUs: START_US + 999_999,
    ...changes,
  };
}

const NOT_UTF8 = Buffer.from([0xc3, 0x28, 0xff]);

describe("CSV", () => {
  const line = (changes?: Partial<StoredMessage>) => createMessageCsv().line(stored(changes));

  test("has the columns of the data view first, then what they mean", () => {
    expect(createMessageCsv().header).toBe(
      "reception_timestamp,received,topic,payload,encoding,qos,retained,outcome,value,observed\r\n",
    );
    expect(line()).toBe(
      "1767225600000001,2026-01-01T00:00:00.000001Z,DATA,42,utf-8,1,false,reading,42,2026-01-01T00:00:00.999999Z\r\n",
    );
  });

  test("quotes what would end a field, and doubles quotation marks", () => {
    const payload = Buffer.from('say "a,b"\r\n');
    expect(line({ payload, topic: "a,b" })).toContain(',"a,b","say ""a,b""\r\n",utf-8,');
  });

  test("leaves text alone that some programs take for a formula", () => {
    expect(line({ payload: Buffer.from("=1+1") })).toContain(",=1+1,utf-8,");
  });

  test.each([
    ["=1+1", "'=1+1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["+1+cmd", "'+1+cmd"],
    ["-1+1", "'-1+1"],
    ["\t=1", `'\t'=1`],
    ["\rA", `"'\rA"`],
    ["＝1", "'＝1"],
    ["＋1", "'＋1"],
    ["－1", "'－1"],
    ["＠A", "'＠A"],
    ['x";=1', `"x"";'=1"`],
    ["a\n-b", `"a\n'-b"`],
    ["-18.2", "-18.2"],
    ["+5e-3", "+5e-3"],
    ["a=1", "a=1"],
    ['{"temp":-5}', '"{""temp"":-5}"'],
  ])("for a spreadsheet guards formulas, and leaves numbers numbers: %j", (text, cell) => {
    const format = createMessageCsv({ forSpreadsheet: true });
    const written = format.line(stored({ payload: Buffer.from(text), topic: "=a", value: -18.2 }));
    expect(written).toContain(`Z,'=a,${cell},utf-8,1,false,reading,-18.2,`);
  });

  test("writes what is not UTF-8 in base64, and says so", () => {
    expect(line({ payload: NOT_UTF8 })).toContain(",wyj/,base64,");
  });

  test("leaves empty what there is none of, and says why", () => {
    const rejected = { outcome: 13, value: null, observedUs: null, retained: true };
    expect(line(rejected)).toContain(",1,true,rejected: not JSON,,\r\n");
  });

  test("names an outcome that it does not know by its number", () => {
    expect(line({ outcome: 999 })).toContain(",outcome 999 of a newer version,");
  });
});

describe("JSON lines", () => {
  const parsed = (changes?: Partial<StoredMessage>) =>
    JSON.parse(createMessageJsonLines().line(stored(changes))) as unknown;

  test("hold the same fields, under the same names", () => {
    expect(parsed()).toEqual({
      reception_timestamp: START_US + 1,
      received: "2026-01-01T00:00:00.000001Z",
      topic: "DATA",
      payload: "42",
      qos: 1,
      retained: false,
      outcome: "reading",
      value: 42,
      observed: "2026-01-01T00:00:00.999999Z",
    });
  });

  test("are one line each, whatever is in them", () => {
    const text = createMessageJsonLines().line(stored({ payload: Buffer.from("a\nb\u2028\0") }));
    expect(text.trimEnd().split(/\r|\n/)).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ payload: "a\nb\u2028\0" });
  });

  test("have another field for a payload that is not UTF-8", () => {
    expect(parsed({ payload: NOT_UTF8 })).toMatchObject({ payloadBase64: "wyj/" });
    expect(parsed({ payload: NOT_UTF8 })).not.toHaveProperty("payload");
  });
});
