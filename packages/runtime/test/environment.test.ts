// biome-ignore-all lint/suspicious/noTemplateCurlyInString: values of .env have them.
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { loadEnvironment, nameWarnings } from "@weir/runtime";
import { temporaryFolder } from "@weir/testkit";

const KNOWN = ["BROKER_PASSWORD", "DB_FILE", "DEVICE_ID", "HTTP_HOST", "LOG_LEVEL", "TOPIC"];

/** The warnings about a file .env, which is named `.env` in them, and about an environment. */
function warningsOf(text: string, own: Record<string, string> = {}): string[] {
  using folder = temporaryFolder();
  const file = folder.file(".env");
  writeFileSync(file, text);
  const warnings = nameWarnings(loadEnvironment(file, own), KNOWN, { file });
  return warnings.map((warning) => warning.replace(file, ".env"));
}

describe("a warning about a name", () => {
  test("in .env says the line, and which setting it resembles", () => {
    expect(warningsOf("TOPIC=x\n\nLOG_LEVLE=debug\nDEVICEID=a\nBROKER_PASWORD=x\n")).toEqual([
      ".env:3: LOG_LEVLE is not a setting; did you mean LOG_LEVEL?",
      ".env:4: DEVICEID is not a setting; did you mean DEVICE_ID?",
      ".env:5: BROKER_PASWORD is not a setting; did you mean BROKER_PASSWORD?",
    ]);
  });

  test("in .env says that nothing reads what only begins as settings do", () => {
    expect(warningsOf("DEVICE_COLOUR_OF_THE_BOX=red\n")).toEqual([
      ".env:1: DEVICE_COLOUR_OF_THE_BOX is not a setting; nothing reads it (.env.example has all settings)",
    ]);
  });

  test("in .env is not for names of others, of Compose, and of what other lines use", () => {
    const text = "TZ=UTC\nCOMPOSE_FILE=x\nGRAFANA_PORT=1\nTOPIX=plant\nTOPIC=${TOPIX}/data\n";
    expect(warningsOf(text)).toEqual([]);
  });

  test("in the environment is for a name that begins as settings do and resembles one", () => {
    const own = { LOG_LEVLE: "debug", DEVICE_DI: "a" };
    expect(warningsOf("", own)).toEqual([
      "LOG_LEVLE, in the environment, is not a setting; did you mean LOG_LEVEL?",
      "DEVICE_DI, in the environment, is not a setting; did you mean DEVICE_ID?",
    ]);
  });

  test("in an environment that is .env is for every name that resembles one", () => {
    const environment = { HOME: "/", NODE_VERSION: "26", DEVICEID: "a", TOPICC: "b", DB_FOO: "c" };
    expect(nameWarnings(environment, KNOWN, { isEnvFile: true })).toEqual([
      ".env: DEVICEID is not a setting; did you mean DEVICE_ID?",
      ".env: TOPICC is not a setting; did you mean TOPIC?",
      ".env: DB_FOO is not a setting; nothing reads it (.env.example has all settings)",
    ]);
  });

  test("in the environment is not for names of others", () => {
    const own = { TOPICS: "x", HTTP_PORT: "80", DB_FILES: "x", DEVICE_NAME: "x", LOG_DIR: "x" };
    expect(warningsOf("", own)).toEqual([]);
  });

  test("says which variable a value names that nothing sets", () => {
    const text = "BROKER_PASSWORD=pa$word\nTOPIC=${NONE:-x}\n";
    expect(warningsOf(text)).toEqual([
      ".env:1: BROKER_PASSWORD: $word is not set, so nothing is put there; write $$ for a dollar sign",
    ]);
  });
});
