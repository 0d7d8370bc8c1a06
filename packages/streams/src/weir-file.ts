import { type FileFormat, fileJsonSchema } from "@weir/settings-file";
import { type WeirFile, weirFile } from "./schema.ts";

/** What weir.yaml may hold. */
export const weirFileFormat: FileFormat<WeirFile> = {
  schema: weirFile,
  example: "config/weir.example.yaml",
  missingKeys: {
    password:
      "no password stands in this file; put it into a file (passwordFile) or a variable of the environment (passwordVariable)",
  },
};

/** JSON Schema of weir.yaml, for editors. */
export function weirFileJsonSchema(): object {
  return fileJsonSchema("weir.yaml", weirFile);
}
