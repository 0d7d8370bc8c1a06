import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";

test("Compose hands every setting of .env.example to the containers", () => {
  const [example = ""] = readFileSync(".env.example", "utf8").split("# --- Without Docker");
  const documented = example.matchAll(/^#([A-Z_]+)=/gm);
  const compose = parse(readFileSync("docker-compose.yml", "utf8"), { merge: true });
  const passed = Object.keys(compose["x-service"].environment);
  expect(passed.sort()).toEqual([...documented].map(([, name]) => name).sort());
});
