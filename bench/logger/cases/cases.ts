import type { Case } from "../case.ts";
import { burst } from "./burst.ts";
import { ceiling } from "./ceiling.ts";
import type { Subjects } from "./contenders.ts";
import { even } from "./even.ts";
import { file } from "./file.ts";
import { memory } from "./memory.ts";
import { qos0 } from "./qos0.ts";
import { saturation } from "./saturation.ts";
import { streams } from "./streams.ts";
import { version311 } from "./version-311.ts";

/** All cases, in the order of the table. */
export function casesOf(subjects: Subjects, { isSoak }: { isSoak: boolean }): Case[] {
  return [
    saturation(subjects),
    even(500, subjects),
    even(5_000, subjects),
    qos0(subjects),
    ceiling(subjects),
    burst(subjects),
    version311(subjects),
    file(subjects),
    streams(subjects),
    memory(subjects, { isSoak }),
  ];
}
