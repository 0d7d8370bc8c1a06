import { expect, test } from "@jest/globals";
import { StreamMemory, type Version } from "@weir/series";

const at = (id: number, segment = "s1") => ({ segment, id });

const savedBy = (memory: StreamMemory): Version[] => [...memory.changes().remembered];

test("a row finds what had been remembered before it, also when rows are read again", () => {
  const memory = new StreamMemory();
  memory.at(at(5)).set("node", { alias: "power" });
  memory.at(at(9)).set("node", { alias: "voltage" });
  expect(memory.at(at(4)).get("node")).toBeUndefined();
  expect(memory.at(at(5)).get("node")).toEqual({ alias: "power" });
  expect(memory.at(at(8)).get("node")).toEqual({ alias: "power" });
  expect(memory.at(at(1, "s2")).get("node")).toEqual({ alias: "voltage" });
  const again = new StreamMemory(savedBy(memory));
  again.at(at(5)).set("node", { alias: "power" });
  expect(again.at(at(8)).get("node")).toEqual({ alias: "power" });
  expect(savedBy(again)).toEqual([]);
});

test("what repeats adds nothing", () => {
  const memory = new StreamMemory();
  for (let id = 1; id < 50; id += 1) memory.at(at(id)).set("node", { alias: "power" });
  expect(savedBy(memory)).toHaveLength(1);
});

test("a client that changes its births for ever takes a bounded place, and no other's", () => {
  const memory = new StreamMemory();
  memory.at(at(1)).set("honest", { alias: "power" });
  for (let id = 2; id < 1_000; id += 1) memory.at(at(id)).set("liar", { births: id });
  expect(savedBy(memory).length).toBeLessThanOrEqual(101);
  expect(memory.at(at(1_000)).get("liar")).toEqual({ births: 999 });
  expect(memory.at(at(1_000)).get("honest")).toEqual({ alias: "power" });
});

const LONG = "x".repeat(1_000_000);

test.each([
  ["in what is remembered", "", LONG],
  ["in the keys", LONG, ""],
])(
  "beyond 32 million characters %s nothing more is remembered, and that is counted",
  (_, key, text) => {
    const memory = new StreamMemory();
    for (let id = 1; id < 50; id += 1) memory.at(at(id)).set(`${key} ${id}`, { text });
    const { length } = savedBy(memory);
    expect(length).toBeLessThan(34);
    expect(memory.refused).toBe(49 - length);
  },
);

test("rows that are no more take what they brought with them", () => {
  const saved = new StreamMemory();
  for (const id of [1, 5, 9]) saved.at(at(id)).set("node", { births: id });
  const memory = new StreamMemory(savedBy(saved));
  memory.forgetAfter(at(6));
  expect(memory.at(at(100)).get("node")).toEqual({ births: 5 });
  expect([...memory.changes().forgotten]).toMatchObject([{ position: at(9) }]);
});
