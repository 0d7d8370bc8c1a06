import {
  Fault,
  integer,
  processConfig,
  processSettings,
  readSettings,
  runService,
  section,
} from "@weir/runtime";

// A service for tests of `runService`: FIXTURE_BEHAVIOUR selects what it does.
const settings = {
  ...section("Fixture", {
    FIXTURE_HTTP_PORT: integer({ description: "A port.", default: 0, min: 0, max: 65_535 }),
    FIXTURE_SIZE: integer({ description: "A size.", default: 1, min: 1, max: 9 }),
  }),
  ...processSettings,
};

/** Clears a screen, begins its own line, reverses what follows: C0, C1, OSC, bidi. */
const HOSTILE = "a\u001b[2Jb\nc\u009b31md\u001b]0;e\u0007f\u202eg\u2028h\ud800i";

await runService({
  name: "fixture",
  summary: "lives for a test.",
  settings,
  options: {
    size: {
      variable: "FIXTURE_SIZE",
      problem: (size) => (size === "5" ? "5 is for the environment alone" : null),
    },
  },
  details: "Nothing is known of its colour.",
  readConfig: (environment) => {
    const values = readSettings(settings, environment);
    return {
      process: processConfig(values, values.FIXTURE_HTTP_PORT),
      behaviour: environment.FIXTURE_BEHAVIOUR,
      size: values.FIXTURE_SIZE,
    };
  },
  start: ({ behaviour }, { health, fail, logger }) => {
    if (behaviour === "fault at start")
      throw new Fault("the disk is full", { remedy: "Free some space.", exitCode: 73 });
    if (behaviour === "fault later") fail(new Fault("it broke", { remedy: "Mend it." }));
    if (behaviour === "log what came")
      logger.warn({ topic: HOSTILE, err: new Error(HOSTILE) }, `${HOSTILE}.`);
    health.check("fixture").pass();
    const reload = async ({ size }: { size: number }) => logger.info(`now of size ${size}`);
    return {
      ...(behaviour === "reload" ? { reload } : {}),
      [Symbol.asyncDispose]: async () => {
        logger.info("closing");
        if (behaviour === "hang at stop") await new Promise(() => {});
      },
    };
  },
});
