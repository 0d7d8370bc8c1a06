import { randomBytes } from "node:crypto";
import { nameProblem } from "@weir/protocol";
import { EXIT_CODES, Fault } from "@weir/runtime";
import {
  certifyClient,
  certifyRevocations,
  generateKey,
  hasPassword,
  issuedIn,
  randomPassword,
  withoutPassword,
  withRevoked,
} from "./certificates.ts";
import {
  type Client,
  clientsOf,
  publishersOf,
  servicesOf,
  usersOf,
  withClient,
  withoutClient,
} from "./rights.ts";
import {
  authorityOf,
  FILES,
  filesOf,
  keepPassword,
  recordCertificate,
  type SecretsFolder,
} from "./secure-init.ts";

const MARK_BYTES = 4;

/** A client that is to be let in. */
export interface Admission {
  kind: Client["kind"];
  name: string;
  /** The user name of one that comes with a password; `null` where it is the name. */
  accessKey: string | null;
  credential: "password" | "certificate";
}

/**
 * Gives a client a credential and rights.
 *
 * @throws Fault when a name cannot be one, or is taken.
 */
export function addClient(folder: SecretsFolder, admission: Admission): Client {
  const { kind, name, credential } = admission;
  const client: Client = { kind, name, user: userFor(admission) };
  const rights = folder.read(FILES.rights);
  checkName(name, kind === "device" ? "ID" : "NAME", rights);
  if (admission.accessKey !== null) checkName(admission.accessKey, "--access-key", rights);
  if (nameProblem(client.user) !== null) {
    throw refusedName(name, "with --certificate", "a name has at most 55 characters");
  }

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
    recordCertificate(folder, client);
  }
  // Last: a client without rights counts as missing, and can be added again.
  folder.write(FILES.rights, withClient(rights, client), "containers");
  return client;
}

/** The user of a certificate is unique forever: the certificate must never prove another client. */
function userFor({ name, accessKey, credential }: Admission): string {
  if (credential === "password") return accessKey ?? name;
  return `${name}.${randomBytes(MARK_BYTES).toString("hex")}`;
}

/** Takes everything from a device or an operator. @throws Fault when there is none of that name. */
export function removeClient(folder: SecretsFolder, name: string): Removal {
  const rights = folder.read(FILES.rights);
  const client = clientsOf(rights).find((known) => known.name === name);
  if (client === undefined) {
    throw new Fault(`NAME: there is no device or operator ${JSON.stringify(name)}`, {
      remedy: `${folder.pathOf(FILES.rights)} has all of them.`,
      exitCode: EXIT_CODES.configuration,
    });
  }
  const passwords = folder.read(FILES.passwords);
  const removal = hasPassword(passwords, client.user) ? "password" : revoke(folder, client);
  folder.write(FILES.passwords, withoutPassword(passwords, client.user), "containers");
  for (const file of Object.values(filesOf(client))) folder.remove(file);
  folder.write(FILES.rights, withoutClient(rights, client), "containers");
  return removal;
}

/** The credential that was removed; `unknown` for a certificate that is not recorded. */
export type Removal = "password" | "certificate" | "unknown";

function revoke(folder: SecretsFolder, client: Client): Removal {
  recordCertificate(folder, client);
  const issued = folder.read(FILES.issued);
  if (!issuedIn(issued).some(({ user }) => user === client.user)) return "unknown";
  const left = withRevoked(issued, client.user, new Date());
  // Before the database: what the database calls revoked is then on the list.
  folder.write(FILES.revoked, certifyRevocations(authorityOf(folder), left), "containers");
  folder.write(FILES.issued, left, "owner");
  return "certificate";
}

/** A name stands in topics and in paths, and names a session as a user: it must be unique. */
function checkName(name: string, field: string, rights: string): void {
  const problem = name.startsWith("weir-")
    ? "names that begin with weir- are those of Weir's own clients; choose another"
    : nameProblem(name);
  if (problem !== null) throw refusedName(name, field, problem);
  const taken = [
    ...usersOf(rights),
    ...clientsOf(rights).map((client) => client.name),
    ...servicesOf(rights).map(({ service }) => service),
    ...publishersOf(rights),
  ];
  if (taken.includes(name)) {
    throw new Fault(`${field}: ${JSON.stringify(name)} exists already, and was left unchanged`, {
      remedy:
        "Choose another name. For a new secret, weir secure remove it first, and then add it again.",
      exitCode: EXIT_CODES.cannotCreate,
    });
  }
}

function refusedName(name: string, field: string, problem: string): Fault {
  return new Fault(
    `${field}: ${JSON.stringify(name)} cannot be the name of a device or a user: ${problem}`,
    {
      remedy: 'See "Add and remove clients" in docs/how-to/secure-the-suite.md.',
      exitCode: EXIT_CODES.configuration,
    },
  );
}
