import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { allSettings, COMPOSE_VARIABLES } from "@weir/standalone/settings";
import { hasDocker } from "@weir/testkit";
import { parse } from "yaml";

test("Compose hands every setting of .env.example to the containers", () => {
  const [example = ""] = readFileSync(".env.example", "utf8").split("# --- Simulated parts");
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

test("Compose says of settings that it fixes, but for ports, that they have no effect", () => {
  const { services } = parse(readFileSync("docker-compose.yml", "utf8"), { merge: true });
  const { FIXED_IN_COMPOSE, ...environment } = services.weir.environment;
  const named = FIXED_IN_COMPOSE.match(/(?<=:\+)\w+/g);
  expect(FIXED_IN_COMPOSE.trim().split(/\s+/)).toEqual(
    named.map((name: string) => `\${${name}:+${name}}`),
  );
  for (const name of named) expect(environment).toHaveProperty(name, expect.any(String));
});

test("what the files of Compose read is a setting, or known as theirs", () => {
  const texts = globSync("docker-compose*.yml").map((file) => readFileSync(file, "utf8"));
  const read = new Set(texts.flatMap((text) => text.match(/(?<=\$\{)[A-Z_]+/g) ?? []));
  const others = [...read].filter((name) => !(name in allSettings));
  expect(others.sort()).toEqual([...COMPOSE_VARIABLES].sort());
});

test.each(["docker-compose-debug.yml", "docker-compose-secured.yml"])(
  "docker-compose.yml knows all services of %s, so that its down leaves none",
  (file) => {
    const servicesOf = (name: string) =>
      Object.keys(parse(readFileSync(name, "utf8"), { logLevel: "error" }).services);
    expect(servicesOf("docker-compose.yml")).toEqual(expect.arrayContaining(servicesOf(file)));
  },
);

const NEVER_BY_ITSELF = ["network", "wire"];
const withCompose = hasDocker() ? test.each : test.skip.each;

withCompose([
  ["docker-compose.yml", {}, [1, 1]],
  ["docker-compose.yml", { DEMO_PUBLISHER: "1", DEMO_DEVICE: "" }, [1, 1]],
  ["docker-compose.yml", { DEMO_PUBLISHER: "0" }, [0, 1]],
  ["docker-compose-debug.yml", { DEMO_PUBLISHER: "0", DEMO_DEVICE: "0" }, [0, 0]],
])("%s with %j has this many publishers and devices: %j", (file, settings, scales) => {
  const { PATH, HOME } = process.env;
  const output = execFileSync("docker", ["compose", "--file", file, "config", "--format", "json"], {
    env: { PATH, HOME, COMPOSE_DISABLE_ENV_FILE: "1", ...settings },
    encoding: "utf8",
  });
  const services: Record<string, { scale?: number }> = JSON.parse(output).services;
  const others = Object.entries(services).filter(([name]) => !NEVER_BY_ITSELF.includes(name));
  expect([services.publisher?.scale, services["device-agent"]?.scale]).toEqual(scales);
  expect(others.filter(([, { scale = 1 }]) => scale === 0)).toHaveLength(
    scales.filter((scale) => scale === 0).length,
  );
});
