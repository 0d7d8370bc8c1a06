export { checkContent } from "./check-content.ts";
export { type FileFormat, wordsForUnknownKey } from "./issues.ts";
export { fileJsonSchema, type Shape, shapeOf } from "./json-schema.ts";
export type { Path, Problem } from "./problem.ts";
export {
  readBeside,
  readSettingsFile,
  type SettingsFile,
  throwProblems,
} from "./settings-file.ts";
export { didYouMean } from "./suggestion.ts";
export {
  type Bounds,
  bytesOf,
  DURATION,
  DURATION_FORM,
  duration,
  millisecondsOf,
  size,
} from "./units.ts";
