import { readDashboardConfig } from "@weir/dashboard/config";
import { type Environment, errorCode } from "@weir/runtime";
import { z } from "zod";

/** How a service answers at its address. */
export interface ServiceAnswer {
  name: string;
  url: string;
  /** What it says of itself; `null` where nothing answers that is a service of Weir. */
  report: ServiceReport | null;
  /** Why there is no report, in words. */
  problem: string | null;
  /** Something has its address: another program, or the service itself, which hangs. */
  isTaken: boolean;
  /** What has its address does not answer in time. */
  isSilent: boolean;
}

/** What `/readyz` says, and when. */
interface ServiceReport extends z.infer<typeof readyz> {
  /** The service's own time, in milliseconds since the epoch; `null` where it does not say. */
  dateMs: number | null;
}

const readyz = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()),
  warnings: z.record(z.string(), z.array(z.string())),
});

const ANSWER_MS_MAX = 2_000;

/**
 * Asks every service of the configuration for its `/readyz`, all at once.
 *
 * @throws ConfigurationFault.
 */
export async function askServices(
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly ServiceAnswer[]> {
  const { services } = readDashboardConfig(environment);
  return await Promise.all(services.map((service) => ask(service, signal)));
}

async function ask(
  { name, url }: { name: string; url: string },
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  const nothing = { name, url, report: null, isTaken: false, isSilent: false };
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  try {
    const response = await fetch(new URL("/readyz", url), {
      redirect: "error",
      signal: AbortSignal.any([signal, late]),
    });
    const report = readyz.safeParse(await response.json().catch(() => null)).data;
    if (report === undefined) {
      return { ...nothing, isTaken: true, problem: "another program answers there" };
    }
    const dateMs = Date.parse(response.headers.get("date") ?? "");
    return {
      ...nothing,
      report: { ...report, dateMs: Number.isNaN(dateMs) ? null : dateMs },
      problem: null,
    };
  } catch (error) {
    if (isNothingThere(error)) return { ...nothing, problem: "nothing listens there" };
    const isSilent = late.aborted;
    const problem = isSilent
      ? `no answer within ${ANSWER_MS_MAX / 1_000} s`
      : "what answers there does not speak HTTP";
    return { ...nothing, isTaken: true, isSilent, problem };
  }
}

/** Nothing listens there, or the host of a container that does not run has no name. */
const NOTHING_THERE: ReadonlySet<string | null> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
]);

/** The reason of a connection that failed is the cause of what fetch throws. */
function isNothingThere(error: unknown): boolean {
  const hasCause = typeof error === "object" && error !== null && "cause" in error;
  return hasCause && NOTHING_THERE.has(errorCode(error.cause));
}
