import { describe, expect, test } from "@jest/globals";
import {
  ConfigurationFault,
  choice,
  integer,
  optionalInteger,
  optionalText,
  readSettings,
  renderEnvExample,
  renderHelp,
  section,
  text,
  topicSettings,
  topicsDifferRule,
} from "@weir/runtime";
import { problemsIn } from "@weir/testkit";

const settings = section("Test", {
  PAUSE_MS: integer({ description: "A pause.", default: 10, min: 1, max: 100 }),
  COUNT: optionalInteger({ description: "A count.", min: 1, max: 9 }),
  MODE: choice({ description: "A mode.", default: "slow", of: ["slow", "fast"] }),
  NAME: text({
    description: "A name.",
    default: "weir",
    allowed: "a short name",
    problem: (name) => (name.length > 5 ? "it is too long" : null),
  }),
  SECRET: optionalText({
    description: "A secret.",
    allowed: "digits",
    secret: true,
    pattern: /^\d+$/,
  }),
});

const problemsOf = (environment: Record<string, string>) =>
  problemsIn(() => readSettings(settings, environment));

describe("settings", () => {
  test("have their defaults where nothing is set", () => {
    expect(readSettings(settings, {})).toEqual({
      PAUSE_MS: 10,
      COUNT: null,
      MODE: "slow",
      NAME: "weir",
      SECRET: null,
    });
  });

  test("count an empty variable as unset", () => {
    expect(readSettings(settings, { PAUSE_MS: "", MODE: "  " })).toMatchObject({
      PAUSE_MS: 10,
      MODE: "slow",
    });
  });

  test("may be numbers that can be left out", () => {
    expect(readSettings(settings, { COUNT: "9" }).COUNT).toBe(9);
    expect(readSettings(settings, { COUNT: "" }).COUNT).toBeNull();
    expect(problemsOf({ COUNT: "10" })).toEqual([
      'COUNT: "10" is not allowed; it must be a whole number from 1 to 9',
    ]);
  });

  test("are frozen", () => {
    expect(Object.isFrozen(readSettings(settings, {}))).toBe(true);
  });

  test("report every problem at once, with name, value and what is allowed", () => {
    expect(problemsOf({ PAUSE_MS: "soon", MODE: "FAST", NAME: "weirdly" })).toEqual([
      'PAUSE_MS: "soon" is not allowed; it must be a whole number from 1 to 100',
      'MODE: "FAST" is not allowed; it must be one of slow, fast',
      'NAME: "weirdly" is not allowed; it must be a short name (it is too long)',
    ]);
  });

  test.each(["0", "101", "1.5", "1e1", "0x5", "9".repeat(30)])(
    "refuse %s as a whole number from 1 to 100",
    (given) => {
      expect(problemsOf({ PAUSE_MS: given })).toHaveLength(1);
    },
  );

  test("never show a secret", () => {
    expect(problemsOf({ SECRET: "hunter2" })).toEqual([
      "SECRET: its value is not allowed; it must be digits",
    ]);
  });

  test("are compared by rules once each of them is valid", () => {
    const rule = { of: ["PAUSE_MS"] as const, problem: () => "PAUSE_MS: never right" };
    expect(() => readSettings(settings, {}, [rule])).toThrow("never right");
    expect(() => readSettings(settings, { PAUSE_MS: "x" }, [rule])).not.toThrow("never right");
  });

  test("end a process with exit code 78", () => {
    expect(new ConfigurationFault(["a problem"]).exitCode).toBe(78);
  });
});

describe("the description of settings", () => {
  const waiting = section("Waiting", {
    PAUSE_MS: integer({ description: "A pause, in milliseconds.", default: 10, min: 1, max: 100 }),
  });

  test("the example file has each setting once, with description, range and default", () => {
    const example = renderEnvExample([waiting, waiting]);
    expect(example.match(/PAUSE_MS/g)).toHaveLength(1);
    expect(example).toContain(
      "# --- Waiting ---\n# A pause, in milliseconds.\n# Allowed: a whole number from 1 to 100.\n#PAUSE_MS=10\n",
    );
  });

  test("help names the setting, its default and its range", () => {
    expect(renderHelp(waiting)).toBe(
      "  PAUSE_MS  (default 10)\n      A pause, in milliseconds. Allowed: a whole number from 1 to 100.",
    );
  });
});

describe("the settings of topics", () => {
  test("statistics on the topic of the readings are refused", () => {
    const environment = { TOPIC: "same", STATS_TOPIC: "same" };
    expect(() => readSettings(topicSettings, environment, [topicsDifferRule])).toThrow(
      "STATS_TOPIC",
    );
  });

  test("a wildcard is not a topic", () => {
    expect(() => readSettings(topicSettings, { TOPIC: "plant/#" })).toThrow("no wildcards");
  });
});
