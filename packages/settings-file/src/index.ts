export { type Checked, checkContent, type FileFormat, wordsForUnknownKey } from "./issues.ts";
export { fileJsonSchema, type Shape, shapeOf } from "./json-schema.ts";
export type { Problem } from "./problem.ts";
export { faultWithoutFile, readSettingsFile, type SettingsFile } from "./settings-file.ts";
export { didYouMean } from "./suggestion.ts";
export { type Bounds, bytesOf, DURATION, duration, millisecondsOf, size } from "./units.ts";
