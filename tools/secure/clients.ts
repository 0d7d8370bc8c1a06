import { randomBytes } from "node:crypto";
import { EXIT_CODES, Fault } from "@weir/fault";
import { isName } from "@weir/messages";
import { certifyClient, generateKey } from "./certificates.ts";
import { FILES, filesOf, type SecretsFolder } from "./folder.ts";
import { authorityOf, keepPassword } from "./init.ts";
import { randomPassword, withoutPassword } from "./passwords.ts";
import { type Client, clientsOf, rightsOf, usersOf, withBlocks, withoutClient } from "./rights.ts";

const MARK_BYTES = 4;

/** Somebody who is to be let in. */
export interface Admission {
  kind: Client["kind"];
  name: string;
  /** The user name of one that comes with a password; `null` where it is the name. */
  accessKey: string | null;
  credential: "password" | "certificate";
}

/**
 * Makes somebody known to the broker.
 *
 * @throws Fault when a name is unsound or taken.
 */
export function addClient(folder: SecretsFolder, admission: Admission): Client {
  const { kind, name, credential } = admission;
  const client: Client = { kind, name, user: userFor(admission) };
  const rights = folder.read(FILES.rights);
  for (const each of new Set([name, client.user])) checkName(each, rights);

  const files = filesOf(client);
  if (credential === "password") {
    const password = randomPassword();
    folder.write(files.password, password, "owner");
    keepPassword(folder, client.user, password);
  } else {
    const authority = authorityOf(folder);
    folder.write(files.key, generateKey(), "owner");
    const certificate = certifyClient(authority, folder.pathOf(files.key), client.user);
    folder.write(files.certificate, certificate, "owner");
  }
  // Last: a client without rights counts as not there, and is made again.
  folder.write(FILES.rights, withBlocks(rights, [rightsOf(client)]), "containers");
  return client;
}

/** A certificate cannot be called back, but its user can: so it has one that nobody has again. */
function userFor({ name, accessKey, credential }: Admission): string {
  if (credential === "password") return accessKey ?? name;
  return `${name}.${randomBytes(MARK_BYTES).toString("hex")}`;
}

/** Takes everything from a device or an operator. @throws Fault when there is none of that name. */
export function removeClient(folder: SecretsFolder, name: string): void {
  const rights = folder.read(FILES.rights);
  const client = clientsOf(rights).find((known) => known.name === name);
  if (client === undefined) {
    throw new Fault(`there is no device or operator ${JSON.stringify(name)}`, {
      remedy: `${folder.pathOf(FILES.rights)} has all of them.`,
      exitCode: EXIT_CODES.configuration,
    });
  }
  const passwords = withoutPassword(folder.read(FILES.passwords), client.user);
  folder.write(FILES.passwords, passwords, "containers");
  for (const file of Object.values(filesOf(client))) folder.remove(file);
  folder.write(FILES.rights, withoutClient(rights, client), "containers");
}

/** A name stands in topics, in paths and, as a user, for a session: nobody may have another's. */
function checkName(name: string, rights: string): void {
  if (!isName(name) || name.startsWith("weir-")) {
    throw new Fault(`${JSON.stringify(name)} cannot be the name of a device or a user`, {
      remedy:
        "It has 1 to 64 letters, digits, dots, underscores or hyphens (with a certificate 1 to 55), and does not begin with weir-, as Weir's own clients do.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  const taken = [...usersOf(rights), ...clientsOf(rights).map((client) => client.name)];
  if (taken.includes(name)) {
    throw new Fault(`${JSON.stringify(name)} is there already, and was left as it is`, {
      remedy:
        "Choose another name. For a new secret, npm run secure -- remove it first, and then add it again.",
      exitCode: EXIT_CODES.cannotCreate,
    });
  }
}
