import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, nearestFolder } from "@weir/runtime";
import { type Check, type Finding, look, ok, type Scene, wrong } from "./check.ts";
import { writtenFolders } from "./folders.ts";

/** With less the logger may soon have to stop taking messages. */
const FREE_BYTES_MIN = 200e6;
const FREE_BYTES_WARNED = 2e9;
const FREE_SHARE_WARNED = 0.05;
/** Each batch that the logger commits waits for the disk once. */
const SYNC_MS_WARNED = 50;
const SYNCS = 5;
const SYNC_BYTES = 4_096;

/** The disks that Weir writes to: what is free, what they are, and how long it takes until something is safe there. */
export const diskSpace: Check = {
  name: "disk",
  look: async (scene): Promise<Finding[]> => {
    const disks = new Map<number, string>();
    for (const { path } of writtenFolders(scene.environment)) {
      const folder = nearestFolder(path);
      const { dev } = await stat(folder);
      if (!disks.has(dev)) disks.set(dev, folder);
    }
    const found = await Promise.all([...disks.values()].map((folder) => lookAt(folder, scene)));
    return found.flat();
  },
};

async function lookAt(folder: string, scene: Scene): Promise<Finding[]> {
  const { type, blocks, bavail, bsize } = await statfs(folder);
  const [freeBytes, bytes] = [bavail * bsize, blocks * bsize];
  const share = bytes === 0 ? 1 : freeBytes / bytes;
  const free = `${folder}: ${gigabytes(freeBytes)} of ${gigabytes(bytes)} free (${Math.round(share * 100)}%)`;
  const syncMs = await measureSync(folder, scene);
  const findings = kindFindings(folder, type);
  if (syncMs !== null && syncMs > SYNC_MS_WARNED) {
    findings.push(
      look(
        `${folder}: a write takes ${Math.round(syncMs)} ms until it is on the disk`,
        "An SD card or a network disk does that. Use an SSD, or LOGGER_SYNCHRONOUS=NORMAL, with which a power cut costs the newest messages.",
      ),
    );
  }
  if (freeBytes < FREE_BYTES_MIN) findings.push(wrong(free, MAKE_ROOM));
  else if (freeBytes < FREE_BYTES_WARNED || share < FREE_SHARE_WARNED) {
    findings.push(look(free, MAKE_ROOM));
  } else {
    findings.push(ok(syncMs === null ? free : `${free}, fsync ${syncMs.toFixed(1)} ms`));
  }
  return findings;
}

const MAKE_ROOM =
  "Make room, or give streams a retention; weir disk shows what takes it, and when the disk is full.";

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

// The magic numbers of statfs(2).
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x517b, "SMB"],
  [0x01021997, "9P"],
  [0x786f4256, "a shared folder of VirtualBox"],
]);
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const OVERLAY = 0x794c7630;

function kindFindings(folder: string, type: number): Finding[] {
  const network = NETWORK.get(type);
  if (network !== undefined) {
    return [
      wrong(
        `${folder} is on a network file system (${network}): SQLite's locks and its log do not work there`,
        "Put DB_FILE, and the folders of streams, on a disk of this machine.",
      ),
    ];
  }
  if (IN_MEMORY.has(type)) {
    return [
      look(
        `${folder} is in memory: a restart of the machine empties it`,
        "Name a place on a disk.",
      ),
    ];
  }
  if (type === OVERLAY) {
    return [
      look(
        `${folder} is inside a container: it is lost with the container`,
        "Mount a volume there, as docker-compose.yml does.",
      ),
    ];
  }
  return [];
}

/** The median in milliseconds; `null` where this user cannot write. */
async function measureSync(folder: string, { clock }: Scene): Promise<number | null> {
  const file = join(folder, `.weir-doctor-${process.pid}`);
  try {
    await using handle = await open(file, "wx");
    const times: number[] = [];
    for (let at = 0; at < SYNCS; at += 1) {
      const sinceMs = clock.monotonic();
      await handle.write(Buffer.alloc(SYNC_BYTES));
      await handle.datasync();
      times.push(clock.monotonic() - sinceMs);
    }
    return times.toSorted((one, other) => one - other)[Math.floor(SYNCS / 2)] ?? null;
  } catch (error) {
    // What cannot be written is the permissions' to report, and what is full shows above.
    if (["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"].includes(errorCode(error) ?? "")) {
      return null;
    }
    throw error;
  } finally {
    await rm(file, { force: true }).catch(() => {
      // Without the right to write there is no file.
    });
  }
}
