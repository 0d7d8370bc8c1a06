import {
  type Case,
  type Claim,
  type Contender,
  type Figures,
  figure,
  ratio,
} from "../comparison.ts";
import { askEach, askOnce, type Check, randomQuestions } from "./asking.ts";
import { type DataSet, seriesOf } from "./sets.ts";
import { type Question, questionOf, type Subject } from "./subject.ts";

/** Who is asked about a set. */
export interface Subjects {
  ours: Subject;
  rows: Subject;
  duckDb: Subject;
  sqlite: Subject;
  /** Or why it does not take part. */
  victoriaMetrics: Subject | { name: string; obstacle: string };
}

export const QUESTIONS = 200;
/** Rows take seconds for one of them. */
const QUESTIONS_OF_ROWS = 5;
const CHECKED_QUESTIONS = 20;
const FLEET_BUCKETS = [24, 1_440] as const;
const DAY_US = 86_400_000_000;

type Measure = (subject: Subject) => Promise<Figures>;

function contenderOf(subject: Subjects[keyof Subjects], measure: Measure): Contender {
  const { name } = subject;
  if ("obstacle" in subject) {
    return { name, obstacle: () => subject.obstacle, measure: async () => ({}) };
  }
  return { name, obstacle: () => null, measure: () => measure(subject) };
}

/** Everything that is asked about a set, in the order of the output. @param questions about any span. */
export function casesOf(set: DataSet, subjects: Subjects, questions = QUESTIONS): Case[] {
  const ranges = rangesCase(set, subjects, randomQuestions(set, questions));
  const cases = [sizeCase(set, subjects), ranges];
  // A series of a day is a thousand rows, which are found by their topic.
  if (set.name !== "states") cases.push(rowsCase(set, subjects));
  if (set.name === "years") cases.push(yearCase(set, subjects));
  if (set.name === "states") cases.push(...fleetCases(set, subjects));
  return cases;
}

/** Who has to give the same answer to what, before any time is taken: some of all that is asked. */
export function checksOf(set: DataSet, subjects: Subjects): Check[] {
  const { ours, rows, duckDb, sqlite, victoriaMetrics } = subjects;
  const quick = [ours, duckDb, sqlite];
  const all = [...quick, ...("obstacle" in victoriaMetrics ? [] : [victoriaMetrics])];
  const checks: Check[] = randomQuestions(set, CHECKED_QUESTIONS).map((question, index) => ({
    question,
    subjects: index < QUESTIONS_OF_ROWS ? [...all, rows] : all,
  }));
  if (set.name === "years") checks.push({ question: yearQuestion(set), subjects: all });
  if (set.name === "states") {
    for (const buckets of FLEET_BUCKETS) {
      checks.push({ question: fleetQuestion(set, buckets), subjects: quick });
    }
  }
  return checks;
}

function sizeCase(set: DataSet, { ours, victoriaMetrics, sqlite }: Subjects): Case {
  const measure: Measure = async (subject) => {
    const bytes = subject.bytes();
    return bytes === null ? {} : { bytesEach: bytes / set.points, megabytes: bytes / 1e6 };
  };
  const claims: Claim[] = [
    {
      text: `${set.title}: bytes a point, over VictoriaMetrics`,
      target: { atMost: 1 },
      of: ratio("bytesEach", ours, victoriaMetrics),
    },
  ];
  if (set.name === "walks") {
    const text = `${set.title}: bytes a point`;
    claims.push({ text, target: { atMost: 2 }, of: figure("bytesEach", ours) });
  }
  return {
    name: `${set.name}-size`,
    title: `${set.title}, ${set.points.toLocaleString("en")} points: everything kept`,
    contenders: [ours, victoriaMetrics, sqlite].map((one) => contenderOf(one, measure)),
    claims,
    secondsEach: 0,
    isOnce: true,
  };
}

function rangesCase(set: DataSet, subjects: Subjects, questions: readonly Question[]): Case {
  const { ours, victoriaMetrics, sqlite, duckDb } = subjects;
  const title = `${set.title}: up to 1,000 buckets of a series, over any span`;
  return {
    name: `${set.name}-ranges`,
    title,
    contenders: [ours, victoriaMetrics, sqlite, duckDb].map((one) =>
      contenderOf(one, (subject) => askEach(subject, questions)),
    ),
    claims: [
      { text: `${title}: p95 ms`, target: { atMost: 20 }, of: figure("answerP95Ms", ours) },
      {
        text: `${title}: p95, over VictoriaMetrics`,
        target: { atMost: 1.5 },
        of: ratio("answerP95Ms", ours, victoriaMetrics),
      },
    ],
    secondsEach: 5,
  };
}

/** The same without points, as before there were any. */
function rowsCase(set: DataSet, { ours, rows }: Subjects): Case {
  const questions = randomQuestions(set, QUESTIONS_OF_ROWS);
  const title = `${set.title}: ${QUESTIONS_OF_ROWS} spans of a series`;
  return {
    name: `${set.name}-rows`,
    title,
    contenders: [ours, rows].map((one) =>
      contenderOf(one, (subject) => askEach(subject, questions)),
    ),
    claims: [
      {
        text: `${title}: time of all, from rows over ours`,
        target: { atLeast: 100 },
        of: ratio("tookMs", rows, ours),
      },
    ],
    secondsEach: 30,
  };
}

/** Half hours: no hour of the index is as short. */
function yearQuestion({ toUs }: DataSet): Question {
  return questionOf({ series: [0], fromUs: toUs - 365 * DAY_US, toUs, bucketsMax: 17_520 });
}

function yearCase(set: DataSet, { ours, victoriaMetrics, sqlite, duckDb }: Subjects): Case {
  const question = yearQuestion(set);
  const title = "a year at 10 s by the half hour";
  return {
    name: "year",
    title: `${title}, 3.15 million points`,
    contenders: [ours, victoriaMetrics, sqlite, duckDb].map((one) =>
      contenderOf(one, (subject) => askOnce(subject, question)),
    ),
    claims: [
      { text: `${title}: ms`, target: { atMost: 600 }, of: figure("tookMs", ours) },
      {
        text: `${title}: longest block, ms`,
        target: { atMost: 20 },
        of: figure("blockedMs", ours),
      },
    ],
    secondsEach: 2,
  };
}

/** All series of a day. */
function fleetQuestion(set: DataSet, bucketsMax: number): Question {
  const series = seriesOf(set).map((_, number) => number);
  return questionOf({ series, fromUs: set.toUs - DAY_US, toUs: set.toUs, bucketsMax });
}

function fleetCases(set: DataSet, { ours, rows, sqlite, duckDb }: Subjects): Case[] {
  const count = seriesOf(set).length.toLocaleString("en");
  const [hours, minutes] = FLEET_BUCKETS;
  const caseOf = (unit: string, bucketsMax: number, claims: (text: string) => Claim[]): Case => {
    const question = fleetQuestion(set, bucketsMax);
    const title = `${count} series, a day by the ${unit}`;
    return {
      name: `fleet-${unit}`,
      title,
      contenders: [ours, rows, sqlite, duckDb].map((one) =>
        contenderOf(one, (subject) => askOnce(subject, question)),
      ),
      claims: claims(title),
      secondsEach: 15,
    };
  };
  return [
    caseOf("hour", hours, (text) => [
      { text: `${text}: ms`, target: { atMost: 50 }, of: figure("tookMs", ours) },
    ]),
    caseOf("minute", minutes, (text) => [
      {
        text: `${text}: ours over from rows`,
        target: { atMost: 1 / 20 },
        of: ratio("tookMs", ours, rows),
      },
    ]),
  ];
}
