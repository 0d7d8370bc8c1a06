import { expect, test } from "@jest/globals";
import { ConfigurationFault, readTogether } from "@weir/runtime";

const failing = (...problems: string[]) => {
  return (): never => {
    throw new ConfigurationFault(problems);
  };
};

test("readers that are asked together return what each of them read", () => {
  const [number, text] = readTogether(
    () => 1,
    () => "a",
  );
  expect([number + 1, text.length]).toEqual([2, 1]);
});

test("the problems of several readers are told together, each once", () => {
  const read = () =>
    readTogether(failing("A: bad", "B: bad"), () => 1, failing("B: bad", "C: bad"));
  expect(read).toThrow(new ConfigurationFault(["A: bad", "B: bad", "C: bad"]));
});

test("what is no problem of the configuration is thrown on", () => {
  const broken = new Error("broken");
  const read = () =>
    readTogether(failing("A: bad"), () => {
      throw broken;
    });
  expect(read).toThrow(broken);
});
