import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { createBatch } from "../src/batch.ts";

function gather(limits = { rowsMax: 3, bytesMax: 100 }) {
  const clock = createFakeClock();
  const written: string[][] = [];
  const batch = createBatch<string>({
    limits,
    delayMs: () => 20,
    clock,
    write: (entries) => written.push([...entries]),
  });
  return { batch, clock, written };
}

describe("a batch", () => {
  test("is written when it has enough rows", () => {
    const { batch, written } = gather();
    for (const entry of ["a", "b", "c", "d"]) batch.add(entry, 1);
    expect(written).toEqual([["a", "b", "c"]]);
  });

  test("is written when it has enough bytes", () => {
    const { batch, written } = gather();
    batch.add("a", 99);
    expect(written).toEqual([]);
    batch.add("b", 1);
    expect(written).toEqual([["a", "b"]]);
  });

  test("is written when its first row has waited long enough, later ones do not prolong it", () => {
    const { batch, clock, written } = gather();
    batch.add("a", 1);
    clock.advance(19);
    batch.add("b", 1);
    expect(written).toEqual([]);
    clock.advance(1);
    expect(written).toEqual([["a", "b"]]);
  });

  test("is written on request, and an empty one is not", () => {
    const { batch, clock, written } = gather();
    batch.flush();
    batch.add("a", 1);
    batch.flush();
    clock.advance(1_000);
    expect(written).toEqual([["a"]]);
  });
});
