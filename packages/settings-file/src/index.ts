export { type Checked, checkContent, type FileFormat, wordsForUnknownKey } from "./issues.ts";
export { fileJsonSchema } from "./json-schema.ts";
export type { Problem } from "./problem.ts";
export { faultWithoutFile, readSettingsFile, type SettingsFile } from "./settings-file.ts";
export { suggestionFor } from "./suggestion.ts";
export { bytesOf, duration, millisecondsOf, size } from "./units.ts";
