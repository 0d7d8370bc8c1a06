import { type Form, formOf, payloadOf } from "../device/form.ts";

/** A key of a node's configuration, as a field. */
export interface Field {
  key: string;
  isRequired: boolean;
  hint: string | null;
  /** What holds where nothing is given. */
  preset: string;
  /** scalar: text, a number, true or false. choice: one of the choices; choices: several. */
  kind:
    | "text"
    | "long text"
    | "scalar"
    | "number"
    | "boolean"
    | "choice"
    | "choices"
    | "list"
    | "json";
  choices: readonly (string | number | boolean)[];
}

type Schema = Record<string, unknown>;

/** Texts of these keys may have several lines. */
const LONG = new Set(["text", "body", "message", "template", "payload"]);
const LENGTH_LONG = 4_096;
/** Text that YAML, too, takes as a number or as true or false. */
const SCALAR = /^(?:-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?|true|false)$/;

/** The fields of a type's configuration, from its JSON Schema; of alternatives, those of all of them. */
export function fieldsOf(schema: Schema): Field[] {
  const alternatives = alternativesOf(schema);
  const fields = new Map<string, Field>();
  for (const { properties } of alternatives) {
    for (const [key, property] of Object.entries(isSchema(properties) ? properties : {})) {
      if (!isSchema(property)) continue;
      const isRequired = alternatives.every(
        (one) => Array.isArray(one.required) && one.required.includes(key),
      );
      const field = fieldOf(key, property, isRequired);
      const other = fields.get(key);
      // Where alternatives differ in a constant, it says which one is meant.
      const choices = [...new Set([...(other?.choices ?? []), ...field.choices])];
      fields.set(key, { ...(other ?? field), choices });
    }
  }
  return [...fields.values()].sort(
    (one, other) => Number(other.isRequired) - Number(one.isRequired),
  );
}

function fieldOf(key: string, property: Schema, isRequired: boolean): Field {
  const form = formOf(property);
  const { default: preset } = property;
  const about = {
    key,
    isRequired: isRequired && preset === undefined,
    hint: form.hint,
    preset:
      preset === undefined ? "" : typeof preset === "string" ? preset : JSON.stringify(preset),
    choices: "choices" in form ? form.choices : [],
  };
  const alternatives = alternativesOf(property);
  if (alternatives.some(isTextList)) return { ...about, kind: "list" };
  if (isScalar(alternatives)) return { ...about, kind: "scalar" };
  return { ...about, kind: kindOf(key, form) };
}

function kindOf(key: string, form: Form): Field["kind"] {
  switch (form.kind) {
    case "text":
      return LONG.has(key) && form.lengthMax >= LENGTH_LONG ? "long text" : "text";
    case "number":
    case "boolean":
    case "choice":
    case "choices":
      return form.kind;
    case "none":
    case "json":
      return "json";
  }
}

/** What a field shows for a value of the file. Choices are given by their places, as in a form of a command. */
export function shownValue({ kind, choices }: Field, value: unknown): string {
  if (value === undefined) return "";
  if (kind === "choice") {
    // What is of another type is not among them.
    const place = choices.indexOf(value as string);
    return place < 0 ? "" : String(place);
  }
  if (kind === "choices") {
    const all: readonly unknown[] = Array.isArray(value) ? value : [];
    return all.map((one) => choices.indexOf(one as string)).join(",");
  }
  if (kind === "list" && Array.isArray(value) && value.every((one) => typeof one === "string")) {
    return value.join("\n");
  }
  if (kind !== "json" && typeof value === "string") return value;
  return JSON.stringify(value, null, kind === "json" ? 2 : 0);
}

/**
 * The value that somebody has typed; `undefined`: nothing, so that the key is left out. What is not of the kind of
 * the field is a text, about which the check of the file says more.
 */
export function typedValue(
  { kind, choices }: Field,
  typed: string,
): { value: unknown } | { problem: string } {
  if (typed.trim() === "") return { value: undefined };
  switch (kind) {
    case "text":
    case "long text":
      return { value: typed };
    case "number": {
      const value = Number(typed.trim().replace(",", "."));
      return { value: Number.isFinite(value) ? value : typed };
    }
    case "scalar":
      return { value: SCALAR.test(typed) ? (JSON.parse(typed) as number | boolean) : typed };
    case "boolean":
      return { value: typed === "true" };
    case "choice":
      return { value: choices[Number(typed)] };
    case "choices":
      return { value: typed.split(",").map((place) => choices[Number(place)]) };
    case "list":
      return { value: typed.split("\n").filter((line) => line.trim() !== "") };
    case "json": {
      const read = payloadOf({ kind: "json", hint: null, isOptional: true }, typed);
      return "problem" in read ? read : { value: read.payload };
    }
  }
}

function isScalar(alternatives: readonly Schema[]): boolean {
  const types = new Set(alternatives.flatMap(({ type }) => type));
  return types.has("string") && (types.has("number") || types.has("boolean"));
}

function isTextList({ type, items }: Schema): boolean {
  return type === "array" && isSchema(items) && items.type === "string" && !("enum" in items);
}

function alternativesOf(schema: Schema): Schema[] {
  const given = schema.anyOf ?? schema.oneOf;
  return Array.isArray(given) ? given.filter(isSchema).flatMap(alternativesOf) : [schema];
}

function isSchema(given: unknown): given is Schema {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}
