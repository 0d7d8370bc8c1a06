import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { nameProblem } from "@weir/protocol";
import { EXIT_CODES, errorCode, Fault, fsyncFolderOf, lockFile } from "@weir/runtime";
import {
  certifyAuthority,
  certifyClient,
  certifyRevocations,
  certifyServer,
  generateKey,
  hasPassword,
  issuedIn,
  randomPassword,
  type Signed,
  withCertificate,
  withoutPassword,
  withPassword,
  withRevoked,
} from "./certificates.ts";
import { inClone, usageFault } from "./command-line.ts";
import {
  type Client,
  clientsOf,
  publishersOf,
  renewed,
  servicesOf,
  usersOf,
  withClient,
  withMissingBlocks,
  withoutClient,
} from "./rights.ts";

/** The files of the suite. */
export const FILES = {
  authorityKey: "ca.key",
  authority: "ca.crt",
  serverKey: "mosquitto/server.key",
  server: "mosquitto/server.crt",
  passwords: "mosquitto/passwords",
  rights: "mosquitto/rights",
  /** The certificates of clients, so that they can be revoked: a database of `openssl ca`. */
  issued: "ca.database",
  /** The revoked certificates; the broker refuses them. */
  revoked: "mosquitto/revoked.pem",
  /** docker-compose-secured.yml wants it first: where it is missing, Compose says by its name what to run. */
  mark: "services/made-by-npx-weir-secure-init",
} as const;

/** Where the secrets of a device or an operator are: files of the folder. */
export function filesOf({ kind, name }: Pick<Client, "kind" | "name">) {
  const path = `${kind}s/${name}`;
  return { password: `${path}.password`, key: `${path}.key`, certificate: `${path}.crt` };
}

const OWNER_ONLY = 0o600;
/** A container's user is not the owner of the folder. */
const READ_BY_CONTAINERS = 0o644;
/** Only the owner can enter the folder, so its files are out of reach for other users. */
const ROOT_MODE = 0o700;
const INNER_MODE = 0o755;

function modeOf(file: string): number {
  return file === FILES.authority || /^(mosquitto|services)\//.test(file)
    ? READ_BY_CONTAINERS
    : OWNER_ONLY;
}

/** Each command takes seconds. */
const LOCK_WAIT_MS = 120_000;

/** The folder of keys, certificates, passwords and rights. Its files are named by their paths in it. */
export class SecretsFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Keeps other commands out while files are read and written again. @throws Fault after two minutes. */
  lock(): Disposable {
    makeFolder(this.#root, ROOT_MODE);
    return lockFile(this.pathOf("secrets"), {
      message: `another weir secure is running in ${this.#root}`,
      remedy: "Wait until it has ended, and try again.",
      waitMs: LOCK_WAIT_MS,
    });
  }

  pathOf(file: string): string {
    return join(this.#root, file);
  }

  has(file: string): boolean {
    return existsSync(this.pathOf(file));
  }

  /** @throws Fault when it is missing. */
  read(file: string): string {
    try {
      return readFileSync(this.pathOf(file), "utf8");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      throw new Fault(`there is no ${this.pathOf(file)}`, {
        remedy: "weir secure init --host NAME makes what is missing.",
        exitCode: EXIT_CODES.unavailable,
      });
    }
  }

  /** Replaces the whole file at once, so that a broker that reads it meanwhile has the old or the new one. */
  write(file: string, text: string): void {
    const path = this.pathOf(file);
    makeFolder(this.#root, ROOT_MODE);
    if (dirname(path) !== this.#root) makeFolder(dirname(path), INNER_MODE);
    const draft = `${path}.new`;
    writeFileSync(draft, text, { mode: OWNER_ONLY, flush: true });
    chmodSync(draft, modeOf(file));
    renameSync(draft, path);
    fsyncFolderOf(path);
  }

  remove(file: string): void {
    rmSync(this.pathOf(file), { force: true });
  }
}

function makeFolder(path: string, mode: number): void {
  mkdirSync(path, { recursive: true });
  // The umask may have removed what a container needs.
  chmodSync(path, mode);
}

const DEVICE_AGENT = "device-agent";
const OPERATOR: Client = { kind: "operator", name: "operator", user: "operator" };

/** A file that `init` has made or kept. */
export interface Step {
  path: string;
  isNew: boolean;
}

/**
 * Creates what is missing, and leaves what exists unchanged.
 *
 * @param hosts what devices call the broker: names and addresses.
 * @param deviceId the device that runs in a container of the suite.
 * @throws Fault when the server needs a certificate and no host is given, or one is none.
 */
export function initialise(
  folder: SecretsFolder,
  { hosts, days, deviceId }: { hosts: readonly string[]; days: number; deviceId: string },
): Step[] {
  const suite = readFileSync(inClone("mosquitto/rights.acl"), "utf8");
  const steps: Step[] = [];
  if (!folder.has(FILES.server)) checkHosts(hosts);

  function make(file: string, content: () => string): boolean {
    const isNew = !folder.has(file);
    if (isNew) folder.write(file, content());
    steps.push({ path: folder.pathOf(file), isNew });
    return isNew;
  }

  // Of an authority whose key is kept elsewhere only the certificate is here.
  if (!folder.has(FILES.authority)) {
    make(FILES.authorityKey, generateKey);
    make(FILES.authority, () => certifyAuthority(folder.pathOf(FILES.authorityKey)));
  }
  make(FILES.serverKey, generateKey);
  make(FILES.server, () =>
    certifyServer(authorityOf(folder), folder.pathOf(FILES.serverKey), { hosts, days }),
  );

  const agent: Client = { kind: "device", name: deviceId, user: DEVICE_AGENT };
  make(FILES.rights, () => withClient(withClient(suite, OPERATOR), agent));
  make(FILES.passwords, () => "");
  make(FILES.issued, () => "");
  renew(folder, suite, [OPERATOR, agent]);
  make(FILES.revoked, () => certifyRevocations(authorityOf(folder), folder.read(FILES.issued)));

  const users = [
    ...servicesOf(suite).map(({ service, user }) => ({ user, file: `services/${service}` })),
    { user: DEVICE_AGENT, file: `services/${DEVICE_AGENT}` },
    { user: OPERATOR.user, file: filesOf(OPERATOR).password },
  ];
  for (const { user, file } of users) {
    const isNew = make(file, randomPassword);
    if (isNew || !hasPassword(folder.read(FILES.passwords), user)) {
      keepPassword(folder, user, folder.read(file));
    }
  }
  make(
    FILES.mark,
    () => "# Compose reads this file, so that it says what to run where it is missing.\n",
  );
  return steps;
}

/** Brings files of an earlier Weir up to date: rights, and users that it did not have. */
function renew(folder: SecretsFolder, suite: string, clients: readonly Client[]): void {
  const before = folder.read(FILES.rights);
  let rights = withMissingBlocks(renewed(before), suite);
  for (const client of clients) {
    if (!usersOf(rights).includes(client.user)) rights = withClient(rights, client);
  }
  if (rights !== before) folder.write(FILES.rights, rights);
  for (const user of usersOf(before).filter((one) => !usersOf(rights).includes(one))) {
    folder.write(FILES.passwords, withoutPassword(folder.read(FILES.passwords), user));
  }
  for (const client of clientsOf(rights)) recordCertificate(folder, client);
}

function checkHosts(hosts: readonly string[]): void {
  if (hosts.length === 0) {
    throw usageFault(
      "--host is missing; the certificate must contain the names by which devices call the broker",
      "Say --host my.host.name or --host 192.168.1.5, or both.",
    );
  }
  for (const host of hosts) {
    if (isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) continue;
    throw usageFault(
      `--host: ${JSON.stringify(host)} is neither a host name nor an address`,
      "Give it without mqtts:// and without a port.",
    );
  }
}

/** A client that is to be let in. */
export interface Admission {
  kind: Client["kind"];
  name: string;
  /** The user name of one that comes with a password; `null` where it is the name. */
  accessKey: string | null;
  credential: "password" | "certificate";
}

const MARK_BYTES = 4;

/**
 * Gives a client a credential and rights.
 *
 * @throws Fault when a name cannot be one, or is taken.
 */
export function addClient(folder: SecretsFolder, admission: Admission): Client {
  const { kind, name, accessKey, credential } = admission;
  const rights = folder.read(FILES.rights);
  checkName(name, kind === "device" ? "ID" : "NAME", rights);
  if (accessKey !== null) checkName(accessKey, "--access-key", rights);
  // The user of a certificate is unique forever: the certificate must never prove another client.
  const mark = randomBytes(MARK_BYTES).toString("hex");
  const user = credential === "password" ? (accessKey ?? name) : `${name}.${mark}`;
  if (nameProblem(user) !== null) {
    throw refusedName(name, "with --certificate", "a name has at most 55 characters");
  }

  const client: Client = { kind, name, user };
  const files = filesOf(client);
  if (credential === "password") {
    const password = randomPassword();
    folder.write(files.password, password);
    keepPassword(folder, user, password);
  } else {
    const authority = authorityOf(folder);
    folder.write(files.key, generateKey());
    folder.write(files.certificate, certifyClient(authority, folder.pathOf(files.key), user));
    recordCertificate(folder, client);
  }
  // Last: a client without rights counts as missing, and can be added again.
  folder.write(FILES.rights, withClient(rights, client));
  return client;
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
  return usageFault(
    `${field}: ${JSON.stringify(name)} cannot be the name of a device or a user: ${problem}`,
    'See "Add and remove clients" in docs/how-to/secure-the-suite.md.',
  );
}

/** The credential that was removed; `unknown` for a certificate that is not recorded. */
export type Removal = "password" | "certificate" | "unknown";

/** Takes everything from a device or an operator. @throws Fault when there is none of that name. */
export function removeClient(folder: SecretsFolder, name: string): Removal {
  const rights = folder.read(FILES.rights);
  const client = clientsOf(rights).find((known) => known.name === name);
  if (client === undefined) {
    throw usageFault(
      `NAME: there is no device or operator ${JSON.stringify(name)}`,
      `${folder.pathOf(FILES.rights)} has all of them.`,
    );
  }
  const passwords = folder.read(FILES.passwords);
  const removal = hasPassword(passwords, client.user) ? "password" : revoke(folder, client);
  folder.write(FILES.passwords, withoutPassword(passwords, client.user));
  for (const file of Object.values(filesOf(client))) folder.remove(file);
  folder.write(FILES.rights, withoutClient(rights, client));
  return removal;
}

function revoke(folder: SecretsFolder, client: Client): Removal {
  recordCertificate(folder, client);
  const issued = folder.read(FILES.issued);
  if (!issuedIn(issued).some(({ user }) => user === client.user)) return "unknown";
  const left = withRevoked(issued, client.user, new Date());
  // Before the database: what the database calls revoked is then on the list.
  folder.write(FILES.revoked, certifyRevocations(authorityOf(folder), left));
  folder.write(FILES.issued, left);
  return "certificate";
}

/** The authority of this folder. @throws Fault when its key is not there. */
function authorityOf(folder: SecretsFolder): Signed {
  const certificateFile = folder.pathOf(FILES.authority);
  const keyFile = folder.pathOf(FILES.authorityKey);
  if (folder.has(FILES.authorityKey)) return { certificateFile, keyFile };
  throw new Fault(`${keyFile} is missing, and nothing can be signed without it`, {
    remedy: "If you keep it elsewhere, put it back while this command runs.",
    exitCode: EXIT_CODES.unavailable,
  });
}

/** A certificate that is not recorded cannot be revoked. */
function recordCertificate(folder: SecretsFolder, client: Client): void {
  const { certificate } = filesOf(client);
  const issued = folder.read(FILES.issued);
  const isKnown = issuedIn(issued).some(({ user }) => user === client.user);
  if (isKnown || !folder.has(certificate)) return;
  folder.write(FILES.issued, withCertificate(issued, folder.read(certificate)));
}

/** Adds a password to those that the broker knows. */
function keepPassword(folder: SecretsFolder, user: string, password: string): void {
  folder.write(FILES.passwords, withPassword(folder.read(FILES.passwords), user, password));
}
