import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";

test("the secured broker has the limits of the open one", () => {
  const limits = (file: string): string[] =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => /^\w/.test(line) && !/^(listener|allow_anonymous) /.test(line));
  const secured = limits("mosquitto/secured.conf");

  for (const line of limits("mosquitto/mosquitto.conf")) expect(secured).toContain(line);
});
