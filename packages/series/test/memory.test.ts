import { expect, test } from "@jest/globals";
import { StreamMemory, type Version } from "@weir/series";

const at = (id: number, segment = "s1") => ({ segment, id });

/** A memory, and what it would have saved. */
function createMemory(saved: readonly Version[] = []) {
  const remembered: Version[] = [];
  const forgotten: Version[] = [];
  const memory = new StreamMemory({
    saved,
    changes: {
      onRemembered: (version) => remembered.push(version),
      onForgotten: (version) => forgotten.push(version),
    },
  });
  return { memory, remembered, forgotten };
}

test("a row finds what had been remembered before it, also when rows are read again", () => {
  const { memory, remembered } = createMemory();
  memory.at(at(5)).set("node", { alias: "power" });
  memory.at(at(9)).set("node", { alias: "voltage" });
  expect(memory.at(at(4)).get("node")).toBeUndefined();
  expect(memory.at(at(5)).get("node")).toEqual({ alias: "power" });
  expect(memory.at(at(8)).get("node")).toEqual({ alias: "power" });
  expect(memory.at(at(1, "s2")).get("node")).toEqual({ alias: "voltage" });
  const again = createMemory(remembered);
  again.memory.at(at(5)).set("node", { alias: "power" });
  expect(again.memory.at(at(8)).get("node")).toEqual({ alias: "power" });
  expect(again.remembered).toEqual([]);
});

test("what repeats adds nothing", () => {
  const { memory, remembered } = createMemory();
  for (let id = 1; id < 50; id += 1) memory.at(at(id)).set("node", { alias: "power" });
  expect(remembered).toHaveLength(1);
});

test("a client that changes its births for ever takes a bounded place, and no other's", () => {
  const { memory, remembered, forgotten } = createMemory();
  memory.at(at(1)).set("honest", { alias: "power" });
  for (let id = 2; id < 1_000; id += 1) memory.at(at(id)).set("liar", { births: id });
  expect(remembered.length - forgotten.length).toBeLessThanOrEqual(101);
  expect(memory.at(at(1_000)).get("liar")).toEqual({ births: 999 });
  expect(memory.at(at(1_000)).get("honest")).toEqual({ alias: "power" });
});

test("beyond 32 million characters nothing more is remembered, and that is counted", () => {
  const { memory, remembered } = createMemory();
  const text = "x".repeat(1_000_000);
  for (let id = 1; id < 50; id += 1) memory.at(at(id)).set(`node ${id}`, { text });
  expect(remembered.length).toBeLessThan(34);
  expect(memory.refused).toBe(49 - remembered.length);
});
