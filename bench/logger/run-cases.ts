import type { Bench, Case, Figures } from "./case.ts";

/** What was measured: the figures of each contender, one for each round. */
export interface CaseResult {
  case: Case;
  figures: ReadonlyMap<string, readonly Figures[]>;
  /** Contenders that could not take part, and why. */
  skipped: ReadonlyMap<string, string>;
  /** Rounds that broke. */
  failures: string[];
}

/** Lets the contenders of a case take turns, in another order each round. */
export async function runCase(bench: Bench, chosen: Case, rounds: number): Promise<CaseResult> {
  const skipped = new Map<string, string>();
  for (const { name, obstacle } of chosen.contenders) {
    const problem = obstacle();
    if (problem === null) continue;
    skipped.set(name, problem);
    bench.say(`*** ${chosen.name}: SKIPPED ${name}: ${problem} ***`);
  }
  const contenders = chosen.contenders.filter(({ name }) => !skipped.has(name));
  const figures = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  const failures: string[] = [];
  await chosen.prepare?.(bench);
  for (let round = 0; round < (chosen.isOnce === true ? 1 : rounds); round += 1) {
    for (let place = 0; place < contenders.length; place += 1) {
      const contender = contenders[(place + round) % contenders.length];
      if (contender === undefined) continue;
      const told = `${chosen.name}, round ${round + 1}, ${contender.name}`;
      try {
        const measured = await contender.measure(bench);
        figures.get(contender.name)?.push(measured);
        bench.say(`${told}: ${brief(measured)}`);
      } catch (error) {
        bench.signal.throwIfAborted();
        // The other contenders can still be measured; the table says that this one could not.
        const failure = `${told}: ${error instanceof Error ? error.message : String(error)}`;
        failures.push(failure);
        bench.say(`*** FAILED ${failure} ***`);
      }
    }
  }
  return { case: chosen, figures, skipped, failures };
}

function brief({ perSecond, cpuUs, lost }: Figures): string {
  const parts = [
    perSecond === undefined ? null : `${Math.round(perSecond)}/s`,
    cpuUs === undefined ? null : `${cpuUs.toPrecision(3)} µs each`,
    lost === undefined || lost === 0 ? null : `${lost} missing`,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
