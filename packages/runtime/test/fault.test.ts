import { expect, test } from "@jest/globals";
import { errorCode, errorMessage, Fault } from "@weir/runtime";

test("a fault carries its remedy, its exit code and its cause", () => {
  const cause = new Error("beneath");
  expect(new Fault("above", { remedy: "Fix it.", cause })).toMatchObject({
    message: "above",
    remedy: "Fix it.",
    exitCode: 1,
    cause,
  });
});

test.each([
  [Object.assign(new Error("x"), { code: "EADDRINUSE" }), "EADDRINUSE"],
  [Object.assign(new Error("x"), { code: 5 }), null],
  [new Error("x"), null],
  ["x", null],
  [null, null],
])("the code of %p is %p", (error, code) => {
  expect(errorCode(error)).toBe(code);
});

test("whatever is thrown has a message", () => {
  expect([errorMessage(new Error("a")), errorMessage("b"), errorMessage(null)]).toEqual([
    "a",
    "b",
    "null",
  ]);
});
