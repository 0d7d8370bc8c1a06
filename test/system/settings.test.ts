import { globSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { allSettings, COMPOSE_VARIABLES } from "@weir/standalone/settings";
import { parse } from "yaml";

test("Compose hands every setting of .env.example to the containers", () => {
  const [example = ""] = readFileSync(".env.example", "utf8").split("# --- Without Docker");
  const documented = example.matchAll(/^#([A-Z_]+)=/gm);
  const compose = parse(readFileSync("docker-compose.yml", "utf8"), { merge: true });
  const passed = Object.keys(compose["x-service"].environment);
  expect(passed.sort()).toEqual([...documented].map(([, name]) => name).sort());
});

test("the secured suite gives each service a user, and the commands another", () => {
  const text = readFileSync("docker-compose-secured.yml", "utf8").replaceAll("!override", "");
  const {
    mosquitto: _broker,
    weir,
    ...services
  } = parse(text).services as Record<
    string,
    { environment: Record<string, string>; secrets: string[] }
  >;

  const users = Object.values(services).map(({ environment }) => environment.BROKER_USERNAME);
  expect(new Set(users).size).toBe(users.length);
  expect(weir?.environment.BROKER_TOOLS_USERNAME).toBe("weir-tools");
  expect(weir?.environment.BROKER_TOOLS_PASSWORD_FILE).toBe("/run/secrets/tools");
  expect(weir?.secrets).toEqual(["tools"]);
});

test("what the files of Compose read is a setting, or known as theirs", () => {
  const texts = globSync("docker-compose*.yml").map((file) => readFileSync(file, "utf8"));
  const read = new Set(texts.flatMap((text) => text.match(/(?<=\$\{)[A-Z_]+/g) ?? []));
  const others = [...read].filter((name) => !(name in allSettings));
  expect(others.sort()).toEqual([...COMPOSE_VARIABLES].sort());
});
