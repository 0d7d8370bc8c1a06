export { FORECAST_DAYS, growsForDays, growthADay } from "./forecast.ts";
export { type DiskReport, diskReport } from "./report.ts";
export { diskReportAsJson } from "./report-json.ts";
export type { SeriesUse } from "./series-use.ts";
export { otherSettings } from "./settings.ts";
export { DAY_MS, type Estimate, type StreamReport, totalBytes } from "./stream.ts";
export type { VolumeReport } from "./volumes.ts";
