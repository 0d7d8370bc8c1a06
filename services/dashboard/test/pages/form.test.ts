import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { DEVICE_COMMANDS } from "../../../device-agent/src/commands/index.ts";
import { formOf, labelOf, payloadOf } from "../../pages/device/form.ts";

/** As `describe` of a device shows it. */
function describedForm(name: string) {
  const command = DEVICE_COMMANDS.find((one) => one.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return formOf(z.toJSONSchema(command.payload, { io: "input", unrepresentable: "any" }));
}

describe("the form of a device agent's command", () => {
  test.each(["rm_1gb_file", "report_now", "restart"])("is a button: %s", (name) => {
    expect(describedForm(name).kind).toBe("none");
  });

  test("is a text that may be left out, for add_1gb_file", () => {
    const form = describedForm("add_1gb_file");
    expect(form).toMatchObject({ kind: "text", isOptional: true, lengthMax: 32 });
    expect(payloadOf(form, "")).toEqual({ payload: undefined });
    expect(payloadOf(form, "250MB")).toEqual({ payload: "250MB" });
  });

  test("is a number of seconds, for change_send_interval", () => {
    const form = describedForm("change_send_interval");
    expect(form).toMatchObject({ kind: "number", unit: "s", isOptional: false, isWhole: false });
    expect(payloadOf(form, "2.5")).toEqual({ payload: 2.5 });
    expect(payloadOf(form, "")).toEqual({ problem: "Fill in the field." });
    expect(payloadOf(form, "soon")).toEqual({ problem: "Give a number." });
  });

  test("is one line of text, with its own hint, where keys would do as well", () => {
    expect(describedForm("set_deadband")).toMatchObject({
      kind: "text",
      lengthMax: 128,
      hint: 'In one line: "walk 0.5", "walk 5% 10m", "walk none".',
    });
    expect(describedForm("set_source").kind).toBe("text");
  });
});

describe("the form of another schema", () => {
  test("is a button without one", () => {
    expect(formOf(null).kind).toBe("none");
  });

  test("is a whole number within its limits", () => {
    const form = formOf({ type: "integer", minimum: 1, maximum: 10, description: "Minutes." });
    expect(form).toMatchObject({ kind: "number", isWhole: true, min: 1, max: 10, unit: "min" });
    expect(payloadOf(form, "0")).toEqual({ problem: "Give 1 or more." });
    expect(payloadOf(form, "11")).toEqual({ problem: "Give 10 or less." });
    expect(payloadOf(form, "1.5")).toEqual({ problem: "Give a whole number." });
    expect(payloadOf(form, "7")).toEqual({ payload: 7 });
  });

  test("is a choice, of an enumeration or of constants", () => {
    expect(formOf({ enum: ["on", "off"] })).toMatchObject({
      kind: "choice",
      choices: ["on", "off"],
    });
    const form = formOf({ anyOf: [{ const: 1 }, { const: 2 }, { type: "null" }] });
    expect(form).toMatchObject({ kind: "choice", choices: [1, 2], isOptional: true });
    expect(payloadOf(form, "1")).toEqual({ payload: 2 });
  });

  test("is several choices, of a list of an enumeration", () => {
    const form = formOf({ type: "array", items: { enum: ["a", "b", "c"] } });
    expect(form.kind).toBe("choices");
    expect(payloadOf(form, "0,2")).toEqual({ payload: ["a", "c"] });
    expect(payloadOf(form, "")).toEqual({ payload: [] });
  });

  test("is a yes or no", () => {
    expect(payloadOf(formOf({ type: "boolean" }), "false")).toEqual({ payload: false });
  });

  test("takes a null beside a type as leave to omit it", () => {
    expect(formOf({ type: ["string", "null"] })).toMatchObject({ kind: "text", isOptional: true });
  });

  test.each([
    { type: "object", properties: { a: { type: "string" } } },
    {},
    { anyOf: "nonsense" },
    { type: "array", items: [] },
    { enum: [{ a: 1 }] },
    { enum: Array.from({ length: 100_000 }, (_, at) => at) },
  ])("is JSON for anything else: %j", (schema) => {
    const form = formOf(schema);
    expect(form.kind).toBe("json");
    expect(payloadOf(form, '{"a":1}')).toEqual({ payload: { a: 1 } });
    expect(payloadOf(form, "{a")).toEqual({ problem: expect.stringContaining("This is not JSON") });
  });
});

test.each([
  ["add_1gb_file", "Add 1 GB file"],
  ["rm_1gb_file", "Remove 1 GB file"],
  ["change_send_interval", "Change send interval"],
  ["report-now", "Report now"],
  ["restart", "Restart"],
  ["setTargetTemperature", "Set Target Temperature"],
  ["__", ""],
])("the button of %s says %s", (name, label) => {
  expect(labelOf(name)).toBe(label);
});
