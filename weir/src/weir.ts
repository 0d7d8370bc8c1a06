import { EXIT_CODES, errorMessage, Fault, print, visible } from "@weir/runtime";
import { Command, CommanderError } from "commander";
import { type CommandModule, Ended, type Surroundings, serviceCommand } from "./command-line.ts";

interface CommandEntry {
  summary: string;
  load: () => Promise<CommandModule>;
}

/** Every command, in the order of `weir --help`. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  export: {
    summary: "write a part of a stream as CSV or JSON lines",
    load: () => import("./export.ts"),
  },
  series: {
    summary: "list and find series, with their newest values",
    load: () => import("./series.ts"),
  },
  explain: {
    summary: "show how the newest payloads of a topic are read",
    load: () => import("./explain.ts"),
  },
  history: {
    summary: "show what series were like over time",
    load: () => import("./history.ts"),
  },
  disk: {
    summary: "show what streams and series take, and when the disk is full",
    load: () => import("./disk.ts"),
  },
  backup: {
    summary: "take a snapshot of the suite while it runs",
    load: () => import("./backup.ts"),
  },
  restore: {
    summary: "put a snapshot back, or check it",
    load: () => import("./restore.ts"),
  },
  replay: {
    summary: "play a part of a stream back to a broker",
    load: () => import("./replay.ts"),
  },
  audit: {
    summary: "compare what publishers announce with what is stored",
    load: () => import("./audit.ts"),
  },
  delete: {
    summary: "delete a part of a stream, and undo that",
    load: () => import("./delete.ts"),
  },
  workflows: {
    summary: "check workflows, try them on the past, show their runs and alerts",
    load: () => import("./workflows.ts"),
  },
  "verify-stats": {
    summary: "compare one publication of statistics with SQL over the store",
    load: () => import("./verify-stats.ts"),
  },
  config: {
    summary: "check weir.yaml, or print its JSON Schema",
    load: () => import("./config.ts"),
  },
  doctor: {
    summary: "look at what usually goes wrong, and say what to do",
    load: () => import("./doctor.ts"),
  },
  command: {
    summary: "send a command to a device and follow it to its end",
    load: () => import("./command.ts"),
  },
  agent: {
    summary: "run a device agent",
    load: async () => {
      const { deviceAgent } = await import("@weir/device-agent");
      // As for print: a suite's own device may have the configured port.
      return serviceCommand(
        deviceAgent,
        [
          "agent --id attic --broker mqtt://192.168.1.5",
          "agent --id cellar --folder data/cellar    # beside npm start, whose device has data/device",
        ],
        { "http-port": "0" },
      );
    },
  },
  fleet: {
    summary: "simulate many devices",
    load: () => import("./fleet.ts"),
  },
  "deadband-preview": {
    summary: "show how many messages a deadband would have saved",
    load: () => import("./deadband-preview.ts"),
  },
  print: {
    summary: "print the statistics as they are published",
    load: async () => {
      const { statsPrinter } = await import("@weir/stats-printer/stats-printer");
      // Beside a suite whose printer has the configured port, any free one will do.
      return serviceCommand(statsPrinter, ["print", "print --format csv"], { "http-port": "0" });
    },
  },
  secure: {
    summary: "make keys, certificates, users and rights for an open network",
    load: () => import("./secure.ts"),
  },
  faults: {
    summary: "break a running chain in every way and count what was lost",
    load: () => import("./faults.ts"),
  },
};

/**
 * Runs one command line of `weir`. It loads only the module of the command that it names.
 *
 * @returns the exit code: the command's own, that of the fault that ended it, or 78 for a wrong command line.
 */
export async function runWeir(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { out, err } = surroundings;
  const [name = ""] = argv;
  const path = Object.hasOwn(COMMANDS, name) ? `weir ${name}` : "weir";
  const weir = new Command("weir")
    .description("The command line of Weir, the MQTT telemetry suite.")
    .configureOutput({
      writeOut: (text) => print(text, { to: out }),
      // Only help: `weir` and `weir secure` print it. Errors are printed below, all in one form.
      writeErr: (text) => print(text, { to: out }),
      outputError: () => {},
    })
    .helpOption("--help", "show this help")
    .helpCommand(false)
    .exitOverride()
    .addHelpText("after", "\nweir <command> --help shows the options of a command, with examples.");
  try {
    for (const [known, { summary, load }] of Object.entries(COMMANDS)) {
      const command = weir.command(known).description(summary).helpCommand(false);
      if (known === name) (await load()).define(command, surroundings);
    }
    await weir.parseAsync(argv, { from: "user" });
    return EXIT_CODES.ok;
  } catch (error) {
    if (error instanceof Ended) return error.exitCode;
    if (!(error instanceof CommanderError)) {
      const remedy = error instanceof Fault ? `\n${error.remedy}` : "";
      print(`${path}: ${errorMessage(error)}${remedy}\n`, { to: err });
      return error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
    }
    // `weir` and `weir secure` without a command print their help, too.
    if (error.exitCode === 0 || error.code === "commander.help") return EXIT_CODES.ok;
    print(`${path}: ${wordsFor(error)}\nSee ${path} --help.\n`, { to: err });
    return EXIT_CODES.configuration;
  }
}

/** What is wrong with a command line. It repeats arguments, which stay on their line. */
function wordsFor({ message }: CommanderError): string {
  const [, problem = "", suggestion = ""] =
    /^(?:error: )?(.*?)(\n\(Did you mean [^\n]*\?\))?$/s.exec(message) ?? [];
  return visible(problem) + suggestion;
}
