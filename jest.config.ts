import type { Config } from "jest";

const config: Config = {
  testMatch: [
    "<rootDir>/{packages,services}/*/test/**/*.test.ts",
    "<rootDir>/{bench,standalone,test,weir}/**/*.test.ts",
  ],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tools/jest-strip-types.ts" },
  coverageProvider: "v8",
  // Longer than `eventually` waits, so that its own message is the one that is read.
  testTimeout: 60_000,
  // Of one file's concurrent tests: those of test/faults wait for two thirds of their time.
  maxConcurrency: 4,
};
export default config;
