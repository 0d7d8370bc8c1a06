import { writeFileSync } from "node:fs";
import {
  CheckedSettings,
  type ConfigFile,
  duration,
  type Environment,
  type FileFormat,
  integer,
  type Problem,
  readConfigFile,
  section,
  size,
  text,
} from "@weir/runtime";
import { problemsIn, temporaryFolder } from "@weir/testkit";
import { z } from "zod";

const NAME = "a name is a few small letters";

/** A small configuration file. */
const pondFormat = {
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

/** What the pond's file is read with, and a setting that another reader checks. */
const needs = section("Pond", {
  POND_FILE: text({ description: "The file.", default: "no-such-pond.yaml" }),
  POND_OWNERS: integer({ description: "A number.", default: 1, min: 1, max: 2 }),
});
const others = section("Lake", {
  LAKE_DEPTH: integer({ description: "A number.", default: 1, min: 1, max: 2 }),
});

type Found = (pond: Pond, file: ConfigFile<Pond>) => Problem[];

/** The content of the file that an environment names, unless something is found in it. */
export function readPond(environment: Environment, find: Found = () => []): Pond {
  const settings = new CheckedSettings({ ...needs, ...others }, environment);
  return readConfigFile(
    settings,
    { variable: "POND_FILE", needs, format: pondFormat },
    (_, file) => ({
      config: file.content,
      problems: find(file.content, file),
    }),
  );
}

/** The same for a file with this text. */
export function pondOf(
  content: string | Buffer,
  find?: Found,
  environment: Environment = {},
): Pond {
  using folder = temporaryFolder();
  const file = folder.file("pond.yaml");
  writeFileSync(file, content);
  return readPond({ POND_FILE: file, ...environment }, find);
}

/** The problems of one that is wrong, without the folder that it lies in. */
export function problemsOf(
  content: string | Buffer,
  find?: Found,
  environment?: Environment,
): readonly string[] {
  return problemsIn(() => pondOf(content, find, environment));
}
