/** What a person fills in to send a command. */
export type Form = { hint: string | null; isOptional: boolean } & (
  | { kind: "none" }
  | {
      kind: "number";
      min: number | null;
      max: number | null;
      isWhole: boolean;
      unit: string | null;
    }
  | { kind: "text"; lengthMax: number }
  | { kind: "choice"; choices: readonly Choice[] }
  | { kind: "choices"; choices: readonly Choice[] }
  | { kind: "boolean" }
  | { kind: "json" }
);
type Choice = string | number | boolean;

/** What is sent, or why it cannot be. */
export type Payload = { payload: unknown } | { problem: string };

type Schema = Record<string, unknown>;

const CHOICES_MAX = 200;
const TEXT_LENGTH_MAX = 16_384;

/** The form for a payload, from its JSON Schema. A schema is a device's: what it says may be anything. */
export function formOf(schema: Schema | null): Form {
  const hint = textIn(schema?.description);
  if (schema === null || isNothing(schema)) return { kind: "none", hint: null, isOptional: true };
  const all = alternativesOf(schema);
  const taken = all.filter((one) => !isNothing(one));
  const isOptional = taken.length < all.length;
  if (taken.length === 0) return { kind: "none", hint: null, isOptional: true };
  const about = { hint, isOptional };
  const choices = choicesOf(taken);
  if (choices !== null) return { kind: "choice", choices, ...about };
  const numeric = taken.find(({ type }) => type === "number" || type === "integer");
  const text = taken.find(({ type }) => type === "string");
  // A text with a pattern beside a number is that number as text fields of dashboards send it.
  if (numeric !== undefined && (text === undefined || text.pattern !== undefined))
    return { ...numberForm(numeric, hint), ...about };
  if (text !== undefined)
    return {
      kind: "text",
      lengthMax: Math.min(TEXT_LENGTH_MAX, numberIn(text.maxLength) ?? TEXT_LENGTH_MAX),
      hint: textIn(text.description) ?? hint,
      isOptional,
    };
  const [only] = taken;
  if (taken.length === 1 && only !== undefined) {
    if (only.type === "boolean") return { kind: "boolean", ...about };
    const items = only.type === "array" && isSchema(only.items) ? choicesOf([only.items]) : null;
    if (items !== null) return { kind: "choices", choices: items, ...about };
  }
  return { kind: "json", hint: hint ?? textIn(only?.description), isOptional };
}

/** Reads what a person has typed into the field of a form. Choices are given by their place in the list. */
export function payloadOf(form: Form, typed: string): Payload {
  if (typed.trim() === "" && form.kind !== "choices" && form.kind !== "none") {
    if (form.isOptional) return { payload: undefined };
    return { problem: "Fill in the field." };
  }
  switch (form.kind) {
    case "none":
      return { payload: undefined };
    case "number":
      return numberPayload(form, typed);
    case "text":
      return { payload: typed };
    case "boolean":
      return { payload: typed === "true" };
    case "choice":
      return { payload: form.choices[Number(typed)] };
    case "choices": {
      const places = typed.split(",").filter((place) => place !== "");
      return { payload: places.map((place) => form.choices[Number(place)]) };
    }
    case "json":
      try {
        return { payload: JSON.parse(typed) };
      } catch (error) {
        return { problem: `This is not JSON: ${(error as SyntaxError).message}.` };
      }
  }
}

/** The words on the button of a command: `add_1gb_file` is "Add 1 GB file". */
export function labelOf(command: string): string {
  const words = command
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .split(/[_.\s-]+/)
    .filter((word) => word !== "")
    .map((word) => SPELLED[word] ?? word.replace(/^(\d+)([kmgt]i?b)$/i, sizeWords));
  const label = words.join(" ");
  return label.charAt(0).toUpperCase() + label.slice(1);
}

const SPELLED: Record<string, string | undefined> = { rm: "remove", cfg: "configuration" };

function sizeWords(_: string, count: string, unit: string): string {
  return `${count} ${unit.toUpperCase().replace("I", "i")}`;
}

function numberForm(schema: Schema, hint: string | null) {
  const isWhole = schema.type === "integer";
  const min = numberIn(schema.minimum);
  const max = numberIn(schema.maximum);
  return {
    kind: "number" as const,
    isWhole,
    min,
    // The largest whole number of JavaScript is no limit that anybody has set.
    max: max === Number.MAX_SAFE_INTEGER ? null : max,
    unit: textIn(schema.unit) ?? unitIn(hint),
  };
}

const UNIT_WORDS: readonly [RegExp, string][] = [
  [/^(in )?milliseconds\b/i, "ms"],
  [/^(in )?seconds\b/i, "s"],
  [/^(in )?minutes\b/i, "min"],
  [/^(in )?hours\b/i, "h"],
  [/^(in )?percent\b/i, "%"],
];

function unitIn(hint: string | null): string | null {
  return UNIT_WORDS.find(([words]) => hint !== null && words.test(hint))?.[1] ?? null;
}

function numberPayload(form: Form & { kind: "number" }, typed: string): Payload {
  const value = Number(typed.trim().replace(",", "."));
  const { min, max, isWhole } = form;
  if (!Number.isFinite(value)) return { problem: "Give a number." };
  if (isWhole && !Number.isInteger(value)) return { problem: "Give a whole number." };
  if (min !== null && value < min) return { problem: `Give ${min} or more.` };
  if (max !== null && value > max) return { problem: `Give ${max} or less.` };
  return { payload: value };
}

function alternativesOf(schema: Schema): Schema[] {
  for (const key of ["anyOf", "oneOf"]) {
    const given = schema[key];
    if (Array.isArray(given)) return given.filter(isSchema).flatMap(alternativesOf);
  }
  if (!Array.isArray(schema.type)) return [schema];
  return schema.type.map((type) => ({ ...schema, type }));
}

/** Whether a schema takes nothing but an absent payload. */
function isNothing({ type, const: constant, properties, additionalProperties }: Schema): boolean {
  if (type === "null" || constant === "") return true;
  const isEmpty = isSchema(properties) && Object.keys(properties).length === 0;
  return type === "object" && isEmpty && additionalProperties === false;
}

function choicesOf(schemas: readonly Schema[]): readonly Choice[] | null {
  const choices = schemas.flatMap((schema) => {
    if (Array.isArray(schema.enum)) return schema.enum as unknown[];
    return "const" in schema ? [schema.const] : [undefined];
  });
  const isList = choices.length > 0 && choices.length <= CHOICES_MAX && choices.every(isChoice);
  return isList ? choices : null;
}

function isChoice(given: unknown): given is Choice {
  return typeof given === "string" || typeof given === "number" || typeof given === "boolean";
}

function isSchema(given: unknown): given is Schema {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

function textIn(given: unknown): string | null {
  return typeof given === "string" && given !== "" ? given : null;
}

function numberIn(given: unknown): number | null {
  return typeof given === "number" && Number.isFinite(given) ? given : null;
}
