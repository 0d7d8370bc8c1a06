import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import { ConfigurationFault, type Problem } from "@weir/runtime";
import { temporaryFolder } from "@weir/testkit";
import { pondOf, problemsOf, readPond } from "./fixture.ts";

const listOf = (count: number, entry: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => entry(index)).join(", ");

describe("a configuration file", () => {
  test("gives its content", () => {
    expect(pondOf("depth: 2\nfish: { carp: { count: 3 } }")).toEqual({
      depth: 2,
      fish: { carp: { count: 3 } },
    });
  });

  test("may have a byte order mark in front and NULs behind", () => {
    expect(pondOf("\uFEFFdepth: 2\n\0\0")).toEqual({ depth: 2 });
  });

  test("is empty when there is nothing in it", () => {
    expect(pondOf("# nothing yet\n")).toEqual({});
  });

  test("is optional, unless it is named", () => {
    using folder = temporaryFolder();
    expect(readPond({})).toEqual({});
    expect(() => readPond({ POND_FILE: folder.file("gone.yaml") })).toThrow(
      "gone.yaml does not exist; create it, or unset POND_FILE",
    );
  });

  test("has its problems named without lines when it does not exist", () => {
    const found = [{ path: ["fish", "carp"], words: "the pond is too small for them" }];
    expect(() => readPond({}, () => found)).toThrow(
      "\n  fish.carp: the pond is too small for them",
    );
  });

  test("knows where its values are", () => {
    const places: string[] = [];
    pondOf("depth: 2\nfish:\n  carp: { count: 3 }\n", (_, { name, whereIs }) => {
      const paths = [["fish", "carp"], ["refill"]];
      places.push(...paths.map((path) => whereIs(path).replace(name ?? "", "pond.yaml")));
      return [];
    });
    expect(places).toEqual(["pond.yaml:3: fish.carp", "refill"]);
  });
});

describe("settings and a configuration file", () => {
  const problemsWith = (content: string, find?: () => Problem[]) =>
    problemsOf(content, find, { LAKE_DEPTH: "9" });

  test("have their problems reported together", () => {
    const lake = expect.stringMatching(/^LAKE_DEPTH: "9" is not allowed/);
    expect(problemsWith("depth: 10")).toEqual([lake, expect.stringContaining("depth 10: it must")]);
    expect(problemsWith("depth: [")).toEqual([lake, expect.stringMatching(/^pond.yaml:1:/)]);
    expect(problemsWith("depth: 1")).toEqual([lake]);
    const found = () => [{ path: ["depth"], words: "found" }];
    expect(problemsWith("depth: 1", found)).toEqual([lake, "pond.yaml:1: depth 1: found"]);
    const faulty = () => {
      throw new ConfigurationFault(["faulty"]);
    };
    expect(problemsWith("lit: 1", faulty)).toEqual([
      lake,
      expect.stringContaining("lit"),
      "faulty",
    ]);
  });

  test("have the form of the file checked when a setting is wrong that its content is used with", () => {
    const never = () => {
      throw new Error("it is used with a wrong setting");
    };
    expect(problemsOf("depth: 10", never, { POND_OWNERS: "3" })).toEqual([
      expect.stringMatching(/^POND_OWNERS/),
      expect.stringContaining("depth 10"),
    ]);
  });

  test("report what is wrong before an error that may follow from it", () => {
    const broken = () => {
      throw new Error("broken");
    };
    expect(problemsOf("depth: 10", broken)).toEqual([expect.stringContaining("depth 10")]);
    expect(() => pondOf("depth: 1", broken)).toThrow("broken");
  });
});

describe("a problem that is found in the content of a configuration file", () => {
  const found = (...path: string[]) => ({ path, words: "found" });

  test("is reported with its line", () => {
    const problems = problemsOf("depth: 2\nfish:\n  carp: { count: 3 }\n", () => [
      { path: ["fish", "carp"], words: "the pond is too small for them" },
    ]);
    expect(problems).toEqual(["pond.yaml:3: fish.carp: the pond is too small for them"]);
  });

  test("is reported among those of the form, in the order of the file", () => {
    const text = "refill: 1m\ndepth: 10\nfish:\n  carp: { count: 3, kind: shark }\nlit: true\n";
    const problems = problemsOf(text, () => [
      found("lit"),
      found("fish", "carp", "count"),
      found("refill"),
      found("POND_OWNER"),
    ]);
    expect(problems).toEqual([
      "POND_OWNER: found",
      'pond.yaml:1: refill "1m": found',
      "pond.yaml:2: depth 10: it must be at most 9",
      "pond.yaml:4: fish.carp.count 3: found",
      'pond.yaml:4: fish.carp.kind "shark": it must be one of carp, tench',
      "pond.yaml:5: lit true: found",
    ]);
  });

  test("is looked for in all that is valid", () => {
    const text = `depth: 10
lit: true
fish:
  carp: { count: 3, kind: shark, kint: x }
  tench: { kind: tench }
  pike: 5
food: { brand: x }
`;
    const seen: unknown[] = [];
    problemsOf(text, (pond) => {
      seen.push(pond);
      return [];
    });
    expect(seen).toEqual([{ lit: true, fish: { carp: { count: 3 } } }]);
  });

  test("is nothing where the file holds nothing of use", () => {
    const seen: unknown[] = [];
    const problems = problemsOf("hello", (pond) => {
      seen.push(pond);
      return [found("depth")];
    });
    expect(seen).toEqual([{}]);
    expect(problems).toEqual([expect.stringContaining("it must be keys with values")]);
  });

  test.each([
    ["of it", found("fish", "tench", "count"), false],
    ["of what holds it", found("fish", "tench"), false],
    ["of what is in it", found("depth", "left"), false],
    ["of what was probably meant", found("refill"), false],
    ["of something else as well", { ...found("lit"), of: [["lit"], ["depth"]] }, false],
    ["of something else", found("lit"), true],
    ["of something else, at its place", { ...found("fish", "tench"), of: [["lit"]] }, true],
  ])(
    "is reported beside a part that is wrong when it is not %s: %j is %j",
    (_, problem, isReported) => {
      const text = "depth: 10\nrefil: 5s\nfish: { tench: { count: 0 } }\nlit: true\n";
      const problems = problemsOf(text, () => [problem]);
      expect(problems.some((one) => one.endsWith("found"))).toBe(isReported);
      expect(problems).toHaveLength(isReported ? 4 : 3);
    },
  );
});

describe("a configuration file that is wrong", () => {
  test("has every problem named with its line, path, value and remedy", () => {
    const text = `dept: 2
depth: 10
refill: 5
volume: 3 buckets
lit: "no"
fish:
  Carp: { count: 1 }
  carp: { count: 1.5, kint: carp }
  tench: { kind: shark }
food: { brand: x }
password: hidden
`;
    const problems = problemsOf(text);
    expect(problems).toEqual(
      expect.arrayContaining([
        "pond.yaml:1: dept 2: there is no such key; did you mean depth? (pond.example.yaml has them all)",
        "pond.yaml:2: depth 10: it must be at most 9",
        "pond.yaml:3: refill 5: a duration is a whole number with a unit: 20ms, 90s, 35m, 12h, 7d",
        'pond.yaml:4: volume "3 buckets": a size is a number with a unit: 500MB, 10GB, 1.5GiB',
        'pond.yaml:5: lit "no": it must be true or false',
        "pond.yaml:7: fish.Carp: a name is a few small letters",
        "pond.yaml:8: fish.carp.count 1.5: it must be a whole number",
        'pond.yaml:8: fish.carp.kint "carp": there is no such key; did you mean kind? (pond.example.yaml has them all)',
        "pond.yaml:9: fish.tench.count: it is missing; it must be a number",
        'pond.yaml:9: fish.tench.kind "shark": it must be one of carp, tench',
        'pond.yaml:10: food.brand "x": it must have at least 2 characters',
        "pond.yaml:11: password: ponds have none",
      ]),
    );
    expect(problems).toHaveLength(12);
  });

  test.each([
    ["depth: 0", "it must be more than 0"],
    ["depth: [1]", "it must be a number"],
    ["food: much", "none, or a brand"],
    ["fish: [carp]", "it must be names with what belongs to each"],
    ["hello", "pond.yaml: it must be keys with values"],
    ["refill: 0s", "it must be from 1s to 1d"],
  ])("such as %s is named", (text, words) => {
    expect(problemsOf(text).join("\n")).toContain(words);
  });

  test("is refused when it is no UTF-8, or too large", () => {
    expect(problemsOf(Buffer.from("food: r\xe4ume", "latin1")).join()).toContain("it is not UTF-8");
    expect(problemsOf(`#${"x".repeat(1024 * 1024)}`).join()).toContain("larger than 1048576 bytes");
  });

  test.each([
    ["misspelled key", (index: number) => `f${index}: { coun: ${index} }`],
    ["wrong value", (index: number) => `f${index}: ${index}`],
    ["key that is there twice", () => "carp: { count: 1 }"],
  ])("takes as long for each %s, however many there are", (_, entry) => {
    const secondsFor = (count: number): number => {
      const text = `fish:\n${Array.from({ length: count }, (_, index) => `  ${entry(index)}\n`).join("")}`;
      const before = process.cpuUsage();
      expect(problemsOf(text)).toHaveLength(101);
      return process.cpuUsage(before).user / 1e6;
    };
    secondsFor(1_000);
    const fewSeconds = secondsFor(2_000);
    // What compares each with each would take 256 times as long.
    expect(secondsFor(32_000) / fewSeconds).toBeLessThan(80);
  });

  test("is refused when it is a folder, a pipe or a device", () => {
    using folder = temporaryFolder();
    const pipe = folder.file("pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [folder.path, pipe, "/dev/zero"]) {
      expect(() => readPond({ POND_FILE: path })).toThrow(
        `${path}: it cannot be read: it is not a file; name one`,
      );
    }
  });

  test("is refused when nested aliases make it huge", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const below = level === 0 ? "x" : `*l${level - 1}`;
      return `l${level}: &l${level} [${listOf(10, () => below)}]`;
    });
    expect(problemsOf(levels.join("\n")).join()).toMatch(/alias/i);
  });

  test("is reported in at most a hundred lines", () => {
    const problems = problemsOf(listOf(300, (index) => `k${index}: 1`).replaceAll(", ", "\n"));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatch(/^… and \d+ more$/);
  });
});
