import { writeFileSync } from "node:fs";
import { ConfigurationFault } from "@weir/config";
import { duration, type FileFormat, readSettingsFile, size } from "@weir/settings-file";
import { temporaryFolder } from "@weir/testkit";
import { z } from "zod";

const NAME = "a name is a few small letters";

/** A small file of settings. */
export const pondFormat = {
  schema: z.strictObject({
    depth: z.number().positive().max(9).optional(),
    refill: duration({ min: "1s", max: "1d" }).optional(),
    volume: size({ min: "1kB", max: "1TB" }).optional(),
    lit: z.boolean().optional(),
    fish: z
      .record(
        z.string().regex(/^[a-z]{1,9}$/, NAME),
        z.strictObject({ count: z.int().min(1), kind: z.enum(["carp", "tench"]).optional() }),
      )
      .optional(),
    food: z
      .union([z.literal("none"), z.strictObject({ brand: z.string().min(2) })], "none, or a brand")
      .optional(),
  }),
  example: "pond.example.yaml",
  missingKeys: { password: "ponds have none" },
} satisfies FileFormat<unknown>;

/** What a file with this text comes to. */
export function pondOf(text: string | Buffer): z.infer<typeof pondFormat.schema> | undefined {
  using folder = temporaryFolder();
  const file = folder.file("pond.yaml");
  writeFileSync(file, text);
  return readSettingsFile(file, pondFormat)?.content;
}

/** The problems of one that is wrong, without the folder that it lies in. */
export function problemsOf(text: string | Buffer): readonly string[] {
  try {
    pondOf(text);
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    return error.problems.map((problem) => problem.replace(/^.*pond\.yaml/, "pond.yaml"));
  }
  return [];
}
