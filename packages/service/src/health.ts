/** What a service needs to be ready, check by check. */
export interface Health {
  /** Adds a check; it does not pass until `pass` is called. */
  check(name: string): HealthCheck;
  /** The state of every check. */
  report(): HealthReport;
}

export interface HealthCheck {
  pass(): void;
  /** @param reason what is missing, in words for an operator. */
  fail(reason: string): void;
}

export interface HealthReport {
  ready: boolean;
  checks: Record<string, string>;
}

const PASSED = "ok";

export function createHealth(): Health {
  const checks = new Map<string, string>();
  return {
    check: (name) => {
      checks.set(name, "starting");
      return {
        pass: () => checks.set(name, PASSED),
        fail: (reason) => checks.set(name, reason),
      };
    },
    report: () => ({
      ready: checks.size > 0 && [...checks.values()].every((state) => state === PASSED),
      checks: Object.fromEntries(checks),
    }),
  };
}
