// `npm run secure`: keys, certificates, users and rights of the secured suite (docs/security.md).

import { runCommand } from "@weir/command-line";
import { loadEnvironment, readSettings } from "@weir/config";
import { deviceAgentSettings } from "@weir/device-agent/config";
import { EXIT_CODES, print } from "@weir/fault";
import { type Admission, addClient, type Removal, removeClient } from "./clients.ts";
import { readCommandLine, type SecureCommand, USAGE } from "./command-line.ts";
import { FILES, filesOf, openSecretsFolder, type SecretsFolder } from "./folder.ts";
import { initialise, type Step } from "./init.ts";
import type { Client } from "./rights.ts";
import { renderStatus, statusOf } from "./status.ts";

const RELOAD = `A broker that is running reads it after
  docker compose kill -s HUP mosquitto
`;

/** Does what is asked; returns what there is to say. */
function obey(folder: SecretsFolder, command: Exclude<SecureCommand, { kind: "status" }>): string {
  using _lock = folder.lock();
  switch (command.kind) {
    case "init":
      return renderSteps(
        initialise(folder, { ...command, deviceId: ownDeviceId() }),
        command.hosts,
      );
    case "device":
    case "operator":
      return renderClient(folder, addClient(folder, command), command);
    case "remove":
      return `${command.name} has no user, no rights and no files any more. ${RELOAD}${AFTER[removeClient(folder, command.name)]}`;
  }
}

/** What a reload does not end. */
const AFTER: Readonly<Record<Removal, string>> = {
  password: "",
  certificate: `and then refuses the certificate. A connection that it has open stays without any rights until
  docker compose restart mosquitto
`,
  unknown: `Its certificate is not written down here, so it cannot be called back: it still opens a connection, without
any rights. Where that is too much, renew the authority (docs/security.md).
`,
};

/** The device agent's setting, where it has one; its container is told the same. */
function ownDeviceId(): string {
  const { DEVICE_ID } = deviceAgentSettings;
  return readSettings({ DEVICE_ID }, loadEnvironment()).DEVICE_ID;
}

function renderSteps(steps: readonly Step[], [host = "NAME"]: readonly string[]): string {
  return `${steps.map(({ path, isNew }) => `${isNew ? "made" : "kept"}  ${path}`).join("\n")}

Keep a copy of the folder where nobody else reads it. Next:
  npm run secure -- device garden       for each device; its broker is mqtts://${host}:8883
  docker compose -f docker-compose.yml -f docker-compose-secured.yml up --build
`;
}

function renderClient(folder: SecretsFolder, client: Client, { credential }: Admission): string {
  const { password, key, certificate } = filesOf(client);
  const identity =
    credential === "password"
      ? [
          ["port", "8883"],
          ["user", client.user],
          ["password in", folder.pathOf(password)],
        ]
      : [
          ["port", "8884"],
          ["certificate", folder.pathOf(certificate)],
          ["key", folder.pathOf(key)],
        ];
  const lines = [
    [client.kind, client.name],
    ...identity,
    ["authority", folder.pathOf(FILES.authority)],
  ];
  return `${lines.map(([what = "", value]) => `${what.padEnd(12)} ${value}\n`).join("")}\n${RELOAD}`;
}

await runCommand("secure", async () => {
  const command = readCommandLine(process.argv.slice(2));
  if (command === null) {
    print(USAGE);
    return EXIT_CODES.ok;
  }
  const folder = openSecretsFolder(command.folder);
  if (command.kind !== "status") {
    print(obey(folder, command));
    return EXIT_CODES.ok;
  }
  const status = statusOf(folder, new Date());
  print(renderStatus(status));
  return status.problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.fault;
});
