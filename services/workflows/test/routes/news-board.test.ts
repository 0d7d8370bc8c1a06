import { expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { NewsBoard } from "../../src/routes/news-board.ts";

const never = new AbortController().signal;
const open = { info: 0, warning: 1, critical: 0 };

function openBoard() {
  const clock = createFakeClock();
  const board = new NewsBoard({ names: () => ["one", "two"], open: () => open, clock });
  return { clock, board };
}

test("who asks without a number of this process hears of everything, at once", async () => {
  const { board } = openBoard();
  for (const number of [0, 9e15]) {
    const all = { flows: ["one", "two"], alertsChanged: true, open };
    expect(await board.after(number, never)).toMatchObject(all);
  }
});

test("who asks with a number hears of what came after it, gathered for a moment", async () => {
  const { board, clock } = openBoard();
  const { number } = await board.after(0, never);
  const asked = board.after(number, never);
  board.note({ flows: ["one"], alertsChanged: false });
  clock.advance(100);
  board.note({ flows: ["two"], alertsChanged: true });
  clock.advance(100);
  const news = await asked;
  expect(news).toMatchObject({ flows: ["one", "two"], alertsChanged: true });
  board.note({ flows: ["two"], alertsChanged: false });
  const next = await board.after(news.number, never);
  expect(next).toMatchObject({ flows: ["two"], alertsChanged: false });
});

test("an answer comes after 20 s, or when whoever asked has gone, also without news", async () => {
  const { board, clock } = openBoard();
  const { number } = await board.after(0, never);
  const nothing = { number, flows: [], alertsChanged: false, open };
  const asked = board.after(number, never);
  clock.advance(20_000);
  expect(await asked).toEqual(nothing);
  const gone = new AbortController();
  const left = board.after(number, gone.signal);
  gone.abort();
  expect(await left).toEqual(nothing);
});
