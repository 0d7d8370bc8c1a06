import { optionFault, parseArguments } from "@weir/command-line";
import { EXIT_CODES, Fault } from "@weir/fault";
import { isName } from "@weir/messages";
import { openReader, type StoreReader } from "@weir/store";
import type { StatsConfig } from "./config.ts";
import { seriesInSql } from "./series/series-sql.ts";

/** What `npm run verify-stats` compares. */
export interface VerifyRequest {
  /** The topic of the publication. */
  topic: string;
  /** What SQL says. */
  sql: Pick<StoreReader, "summarizeSpan"> & Disposable;
}

const OPTIONS = { device: { type: "string" }, attribute: { type: "string" } } as const;

/**
 * Without options the statistics of the main job, with `--device` and `--attribute` those of one series.
 *
 * @throws Fault for options that are wrong, and where there is nothing to compare with.
 */
export function readVerifyRequest(argv: readonly string[], config: StatsConfig): VerifyRequest {
  const given = parseArguments(argv, OPTIONS);
  const device = given.text("device");
  const attribute = given.text("attribute");
  if (device === null && attribute === null) return ofMainJob(config);
  return ofSeries(config, {
    device: checkName("device", device),
    attribute: checkName("attribute", attribute),
  });
}

function ofMainJob({ topic, file }: StatsConfig): VerifyRequest {
  const reader = openReader(file);
  if (reader === null) {
    throw new Fault(`there is no store at ${file}`, {
      remedy:
        "Name it in DB_FILE, or start the suite first; one in Compose is asked by docker compose exec stats node services/stats/src/verify.ts.",
      exitCode: EXIT_CODES.unavailable,
    });
  }
  return { topic, sql: reader };
}

function ofSeries(
  { series }: StatsConfig,
  asked: { device: string; attribute: string },
): VerifyRequest {
  if (series === null) {
    throw new Fault("there are no statistics of devices: STATS_SERIES_STREAM names no stream", {
      remedy: "Name the stream of the devices' states there.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  return {
    topic: `${series.topic}/${asked.device}/${asked.attribute}`,
    sql: { ...seriesInSql({ ...series, ...asked }), [Symbol.dispose]: () => {} },
  };
}

function checkName(option: string, given: string | null): string {
  if (given !== null && isName(given)) return given;
  throw optionFault(option, given ?? "", "a name, with --device and --attribute together");
}
