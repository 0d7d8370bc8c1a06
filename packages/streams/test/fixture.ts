import { writeFileSync } from "node:fs";
import { ConfigurationFault, type Environment } from "@weir/runtime";
import { readStreams, type StreamsConfig } from "@weir/streams";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";

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
export function problemsOf(text: string, environment: Environment = {}): string[] {
  try {
    streamsOf(text, environment);
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    return error.problems.map((problem) => problem.replace(/^.*weir\.yaml/, "weir.yaml"));
  }
  return [];
}
