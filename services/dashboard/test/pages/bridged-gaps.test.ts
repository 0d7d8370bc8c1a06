import { describe, expect, test } from "@jest/globals";
import { bridged } from "../../pages/parts/line-path.ts";

describe("a small line", () => {
  test("goes on over places that its series has no values for, as it usually has not", () => {
    expect(bridged([null, 1, null, 3, null, null, 6, null], 2)).toEqual([
      null,
      1,
      2,
      3,
      4,
      5,
      6,
      null,
    ]);
  });

  test("has a gap where its series was silent for longer", () => {
    expect(bridged([1, null, null, null, 5, null, 7], 2)).toEqual([1, null, null, null, 5, 6, 7]);
    expect(bridged([1, null, 3], 0)).toEqual([1, null, 3]);
  });
});
