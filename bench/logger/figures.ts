import type { FigureName } from "./case.ts";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** How each figure is headed and written, in the order of the columns. */
export const FIGURES: Readonly<Record<FigureName, { title: string; text(value: number): string }>> =
  {
    perSecond: { title: "messages/s", text: whole.format },
    cpuUs: { title: "CPU µs/message", text: decimal.format },
    brokerCpuUs: { title: "source's CPU", text: decimal.format },
    lost: { title: "missing", text: whole.format },
    p50Ms: { title: "PUBACK p50 ms", text: decimal.format },
    p99Ms: { title: "p99 ms", text: decimal.format },
    p999Ms: { title: "p99.9 ms", text: decimal.format },
    maxMs: { title: "max ms", text: decimal.format },
    rssMegabytes: { title: "RSS MB", text: decimal.format },
    growth: { title: "growth", text: decimal.format },
  };
