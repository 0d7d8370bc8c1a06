import { existsSync, globSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DASHBOARD_FORMAT } from "@weir/dashboard/database";
import { OUTBOX_FORMAT } from "@weir/delivery";
import { JOURNAL_FORMAT } from "@weir/device-agent/journals";
import {
  type DatabaseFormat,
  type Environment,
  errorMessage,
  newerFormat,
  readDatabaseFormat,
} from "@weir/runtime";
import { INDEX_FORMAT, indexFileOf } from "@weir/series";
import { newestFileOf, SEGMENT_FORMAT } from "@weir/store";
import { WORKFLOWS_FORMAT } from "@weir/workflows/database";
import { readPlaces } from "../read-places.ts";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

/** The databases of the suite: whether this version of Weir can read them, and what was found damaged. */
export const storeFiles: Check = {
  name: "store",
  look: ({ environment }): Finding[] => {
    const files = filesOf(environment).filter(({ file }) => (sizeOf(file) ?? 0) > 0);
    const findings = [
      ...files.flatMap(({ file, format }) => formatFindings(file, format)),
      ...damagedFindings([...new Set(files.map(({ file }) => dirname(file)))]),
    ];
    if (findings.length > 0) return findings;
    return [
      ok(
        files.length === 0
          ? "nothing is stored yet"
          : `${files.length} databases, all of formats that this version reads`,
      ),
    ];
  },
};

interface Database {
  file: string;
  format: DatabaseFormat;
}

/** Of a stream in segments the newest one: all before were written by no newer version. */
function filesOf(environment: Environment): Database[] {
  const { storeFile, streams, outboxFile, deviceFolder, dashboardFile, workflowsFile } =
    readPlaces(environment);
  const segments = streams.map(({ place, name }) => newestFileOf(place, name));
  return [
    ...segments
      .filter((file) => file !== null && !file.endsWith(".parquet"))
      .map((file) => ({ file: file as string, format: SEGMENT_FORMAT })),
    { file: indexFileOf(storeFile), format: INDEX_FORMAT },
    { file: outboxFile, format: OUTBOX_FORMAT },
    { file: join(deviceFolder, "outbox.db"), format: OUTBOX_FORMAT },
    { file: join(deviceFolder, "journal.db"), format: JOURNAL_FORMAT },
    { file: dashboardFile, format: DASHBOARD_FORMAT },
    { file: workflowsFile, format: WORKFLOWS_FORMAT },
  ];
}

function formatFindings(file: string, known: DatabaseFormat): Finding[] {
  try {
    const { applicationId, version } = readDatabaseFormat(file);
    // A file that was just made; or the store of the system that Weir replaces, which is taken over at the start.
    if (applicationId === 0) return [];
    if (applicationId !== known.applicationId) {
      return [
        wrong(
          `${file} belongs to another program`,
          "Name another place in the settings, or move it.",
        ),
      ];
    }
    if (version <= known.version) return [];
    const { message, remedy } = newerFormat(file, version, known.version);
    return [wrong(message, remedy)];
  } catch (error) {
    return [
      wrong(
        `${file} cannot be read: ${errorMessage(error)}`,
        "Run this as the user of the suite. If it is damaged, put a copy of it in its place.",
      ),
    ];
  }
}

/** Of each folder; more would hide the other findings. */
const SHOWN_MAX = 3;

function damagedFindings(folders: readonly string[]): Finding[] {
  const files = folders.flatMap((folder) => globSync(join(folder, "*.damaged-*")));
  if (files.length === 0) return [];
  const shown = files.slice(0, SHOWN_MAX).map((file) => basename(file));
  return [
    look(
      `${files.length} damaged files were set aside in ${dirname(files[0] ?? "")}: ${shown.join(", ")}`,
      "Something has damaged them, perhaps the disk: look at its health (smartctl). Remove them when you do not need them.",
    ),
  ];
}

/** `null` for what is not there. */
const sizeOf = (file: string): number | null => (existsSync(file) ? statSync(file).size : null);
