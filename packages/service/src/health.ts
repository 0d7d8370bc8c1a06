/** What a service needs to be ready, check by check. */
export interface Health {
  /** Adds a check; it does not pass until `pass` is called. */
  check(name: string): HealthCheck;
  /** The state of every check. */
  report(): HealthReport;
}

export interface HealthCheck {
  /** @param warnings what is less than it should be, in words for an operator. Default nothing. */
  pass(warnings?: readonly string[]): void;
  /** @param reason what is missing, in words for an operator. */
  fail(reason: string): void;
}

export interface HealthReport {
  ready: boolean;
  checks: Record<string, string>;
  /** What is less than it should be, of the checks that pass. */
  warnings: Record<string, readonly string[]>;
}

const PASSED = "ok";

export function createHealth(): Health {
  const checks = new Map<string, string>();
  const warnings = new Map<string, readonly string[]>();
  return {
    check: (name) => {
      checks.set(name, "starting");
      return {
        pass: (less = []) => {
          checks.set(name, PASSED);
          if (less.length > 0) warnings.set(name, less);
          else warnings.delete(name);
        },
        fail: (reason) => {
          checks.set(name, reason);
          warnings.delete(name);
        },
      };
    },
    report: () => ({
      ready: checks.size > 0 && [...checks.values()].every((state) => state === PASSED),
      checks: Object.fromEntries(checks),
      warnings: Object.fromEntries(warnings),
    }),
  };
}
