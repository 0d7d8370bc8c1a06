import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { envExample } from "../../tools/generate.ts";

test(".env.example is what the settings say (npm run env-example writes it)", () => {
  expect(readFileSync(".env.example", "utf8")).toBe(envExample());
});
