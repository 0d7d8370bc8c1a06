import { runService } from "@weir/runtime";
import { statsPrinter } from "./stats-printer.ts";

await runService(statsPrinter);
