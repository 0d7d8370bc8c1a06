import type { Clock } from "@weir/clock";
import { openDecoder } from "@weir/decoders";
import type { Logger } from "@weir/service";
import type { StreamConfig } from "@weir/streams";
import { openCodeFilter } from "../code-filter/code-filter.ts";
import type { StreamReading } from "./stream.ts";

/** @throws Fault when the stream's decoder or its code filter cannot be used. */
export async function openReading(
  config: StreamConfig,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<StreamReading> {
  const { name: stream, decoder, filterFile: file } = config;
  const decode = openDecoder(decoder, (problem) => logger.warn({ stream }, problem));
  const warn = logger.warn.bind(logger);
  const filter = file === null ? null : await openCodeFilter({ stream, file, clock, warn });
  return { config, decode, filter };
}
