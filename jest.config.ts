import type { Config } from "jest";

const config: Config = {
  testMatch: [
    "<rootDir>/{packages,services}/*/test/**/*.test.ts",
    "<rootDir>/{standalone,test}/**/*.test.ts",
  ],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tools/jest-strip-types.ts" },
  coverageProvider: "v8",
};
export default config;
