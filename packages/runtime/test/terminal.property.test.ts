import { describe, expect, test } from "@jest/globals";
import { print, printData, visible, visibleLines } from "@weir/runtime";
import { HOSTILE_PIECES, STEERS_TERMINAL } from "@weir/testkit";
import fc from "fast-check";

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE_PIECES), fc.string({ unit: "binary" })))
  .map((pieces) => pieces.join(""));

function screen(isTTY: boolean) {
  let written = "";
  const write = (text: string): void => {
    written += text;
  };
  return { isTTY, write, written: () => written };
}

describe("what came from outside", () => {
  test("is one line that steers no terminal", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(visible(text)).not.toMatch(STEERS_TERMINAL);
        expect(visible(text)).not.toContain("\n");
      }),
    );
  });

  test("is printed with its lines, whether to a terminal or not", () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, isTTY) => {
        const to = screen(isTTY);
        print(text, { to });
        expect(to.written().replaceAll("\r\n", "\n")).not.toMatch(STEERS_TERMINAL);
        expect(to.written().split("\n")).toHaveLength(text.split("\n").length);
      }),
    );
  });

  test("is data as it came off a terminal, and the same JSON on one", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = `${JSON.stringify({ text })}\n`;
        const file = screen(false);
        printData(line, { to: file });
        expect(file.written()).toBe(line);
        const terminal = screen(true);
        printData(line, { to: terminal });
        expect(terminal.written()).not.toMatch(STEERS_TERMINAL);
        expect(JSON.parse(terminal.written())).toEqual({ text });
      }),
    );
  });
});

test("text without anything of it stays as it is", () => {
  const text = "21,5 °C im Bad, 温度, 😀👩‍🌾, שלום, \\u001b: C:\\new";
  expect(visible(text)).toBe(text);
  expect(visibleLines(`${text}\r\n${text}\n`)).toBe(`${text}\r\n${text}\n`);
});

test.each([
  ["\u001b[2J", "\\u001b[2J"],
  ["a\nb\tc\r", "a\\nb\\tc\\r"],
  ["\u009b1m\u007f", "\\u009b1m\\u007f"],
  ["\u202eabc", "\\u202eabc"],
  ["\ud83d", "\\ud83d"],
])("is shown as JSON writes it: %j", (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test("control sequences of our own go in front of the text", () => {
  const to = screen(true);
  print("\u001b[1m", { to, control: "\r\u001b[K" });
  expect(to.written()).toBe("\r\u001b[K\\u001b[1m");
});
