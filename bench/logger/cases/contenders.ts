import type { Bench, Contender, Figures } from "../case.ts";
import type { Subject } from "../subjects/subject.ts";

/** The subjects of a run by their part in it. */
export interface Subjects {
  weir: Subject;
  /** The logger with MQTT.js as its way in. */
  weirOnMqttJs: Subject;
  mosquittoSub: Subject;
}

/** Lets a subject take part in a case. */
export function contender(
  subject: Subject,
  measure: (bench: Bench, subject: Subject) => Promise<Figures>,
): Contender {
  const { name, missing } = subject;
  return { name, missing, measure: (bench) => measure(bench, subject) };
}
