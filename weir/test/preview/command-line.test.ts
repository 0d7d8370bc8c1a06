import { describe, expect, test } from "@jest/globals";
import { Fault } from "@weir/runtime";
import { NOTHING_CONFIGURED, START_US } from "@weir/testkit";
import { previewForm } from "../../src/deadband-preview.ts";
import { readRequest } from "../../src/selection.ts";

const environment = { DB_FILE: "x/weir.db", WEIR_FILE: NOTHING_CONFIGURED };
const read = (...argv: string[]) =>
  readRequest(previewForm, ["--stream", "devices", ...argv], { environment, nowUs: START_US });

describe("the options of a preview", () => {
  test("mean all devices, all attributes and several deadbands, unless they say which", () => {
    expect(read("--from", "-2h")).toMatchObject({
      stream: { name: "devices" },
      query: { fromUs: START_US - 7_200_000_000, toUs: START_US },
      device: null,
      attribute: null,
      deadband: null,
      maxSilenceMs: 300_000,
    });
  });

  test.each([
    [["--deadband", "0.5"], { kind: "absolute", width: 0.5 }],
    [["--deadband", "0"], { kind: "absolute", width: 0 }],
    [["--deadband", "1e-3"], { kind: "absolute", width: 0.001 }],
    [["--relative", "5%"], { kind: "relative", share: 0.05 }],
    [["--relative", "0.5 %"], { kind: "relative", share: 0.005 }],
  ])("%j name a deadband", (argv, deadband) => {
    expect(read(...argv)).toMatchObject({ deadband });
  });

  test.each([
    [["--deadband", "-1"], '--deadband: "-1" is not allowed. It must be a number from 0 on'],
    [["--deadband", "5%"], '--deadband: "5%" is not allowed'],
    [["--relative", "0.05"], '--relative: "0.05" is not allowed. It must be a percentage'],
    [["--relative", "5%", "--deadband", "1"], "--relative"],
    [["--max-silence", "0s"], '--max-silence: "0s" is not allowed. It must be from 1s to 366d'],
    [["--max-silence", "5"], '"5" is not allowed. It must be a whole number with a unit: 20ms'],
    [["--stream", "nobody"], "The streams are: data, devices."],
    [["--tolerance", "5"], "Unknown option '--tolerance'"],
  ])("%j are refused, with what would be right", (argv, problem) => {
    let fault: unknown;
    try {
      read(...argv);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(Fault);
    const { message, remedy, exitCode } = fault as Fault;
    expect(exitCode).toBe(78);
    expect(`${message}. ${remedy}`.replace(` in ${NOTHING_CONFIGURED}`, "")).toContain(problem);
  });
});
