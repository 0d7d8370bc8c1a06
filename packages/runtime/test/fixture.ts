import { writeFileSync } from "node:fs";
import {
  ConfigurationFault,
  duration,
  type FileFormat,
  type Problem,
  readSettingsFile,
  size,
  throwProblems,
} from "@weir/runtime";
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

type Pond = z.infer<typeof pondFormat.schema>;

/** What a file with this text comes to, when nothing is wrong with it and with what was found in it. */
export function pondOf(text: string | Buffer, find: (pond: Pond) => Problem[] = () => []): Pond {
  using folder = temporaryFolder();
  const file = folder.file("pond.yaml");
  writeFileSync(file, text);
  const read = readSettingsFile(file, pondFormat);
  const content = read?.content ?? {};
  throwProblems(read, find(content));
  return content;
}

/** The problems of one that is wrong, without the folder that it lies in. */
export function problemsOf(
  text: string | Buffer,
  find?: (pond: Pond) => Problem[],
): readonly string[] {
  try {
    pondOf(text, find);
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    return error.problems.map((problem) => problem.replace(/^.*pond\.yaml/, "pond.yaml"));
  }
  return [];
}
