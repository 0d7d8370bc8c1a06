import { writeFileSync } from "node:fs";
import type { Environment } from "@weir/runtime";
import { readStreams, type StreamsConfig } from "@weir/streams";
import { problemsIn, type TemporaryFolder, temporaryFolder } from "@weir/testkit";

/** The streams of a weir.yaml with this text. */
export function streamsOf(
  text: string,
  environment: Environment = {},
  prepare: (folder: TemporaryFolder) => void = () => {},
): StreamsConfig {
  using folder = temporaryFolder();
  prepare(folder);
  const file = folder.file("weir.yaml");
  writeFileSync(file, text);
  return readStreams({ WEIR_FILE: file, DB_FILE: "data/weir.db", ...environment });
}

/** The problems of one that is wrong, without the name of the file. */
export function problemsOf(text: string, environment: Environment = {}): readonly string[] {
  return problemsIn(() => streamsOf(text, environment));
}
