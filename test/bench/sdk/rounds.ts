import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Case, type Side, sides } from "./case.ts";
import type { Order, Score } from "./load.ts";
import { spread, type Spread } from "./statistics.ts";

export interface Effort {
  readonly rounds: number;
  readonly forMs: number;
}

/** What came of one case at one number in flight. */
export interface Measured {
  readonly name: string;
  readonly rival: string;
  readonly reach: Case["reach"];
  readonly inFlight: number;
  readonly perSecond: Readonly<Record<Side, Spread>>;
  readonly cpuMsEach: Readonly<Record<Side, Spread>>;
  /** Carillon's number by the other's, round by round. */
  readonly ratio: Spread;
}

/** A process, and its first message. */
async function start(file: string, args: readonly string[] = []): Promise<readonly [ChildProcess, unknown]> {
  const child = fork(join(import.meta.dirname, file), args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return [child, await answerOf(child, `${file} ${args.join(" ")}`)];
}

async function answerOf(child: ChildProcess, what: string): Promise<unknown> {
  const ended = new AbortController();
  const exit = once(child, "exit", { signal: ended.signal }).then(([code]) => {
    throw new Error(`${what} ended with ${String(code)}`);
  });
  try {
    const [message] = await Promise.race([once(child, "message", { signal: ended.signal }), exit]);
    return message;
  } finally {
    exit.catch(() => {});
    ended.abort();
  }
}

/** How long each side works before it is measured: until the compiler has seen to what is used most. */
const warmUpMs = 3000;

/**
 * Measures the case in turns, who goes first changing from round to round, so that a noisy machine troubles both alike.
 */
export async function measure(one: Case, sink: string, { rounds, forMs }: Effort): Promise<readonly Measured[]> {
  const { name, rival, reach } = one;
  const clients = {} as Record<Side, ChildProcess>;
  try {
    const score = async (side: Side, order: Order): Promise<Score> => {
      clients[side].send(order);
      return (await answerOf(clients[side], `${name}, ${side}`)) as Score;
    };
    for (const side of sides) {
      [clients[side]] = await start("client.ts", [name, side, sink]);
      await score(side, { inFlight: Math.max(...one.inFlight), forMs: warmUpMs });
    }
    const measured: Measured[] = [];
    for (const inFlight of one.inFlight) {
      const scores: Record<Side, Score[]> = { carillon: [], official: [] };
      for (let round = 0; round < rounds; round++) {
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
          scores[side].push(await score(side, { inFlight, forMs }));
        }
      }
      const perSecond = (side: Side): number[] => scores[side].map((score) => score.perSecond);
      const cpu = (side: Side): Spread => spread(scores[side].map((score) => score.cpuMsEach));
      const theirs = perSecond("official");
      measured.push({
        name,
        rival,
        reach,
        inFlight,
        perSecond: { carillon: spread(perSecond("carillon")), official: spread(theirs) },
        cpuMsEach: { carillon: cpu("carillon"), official: cpu("official") },
        ratio: spread(perSecond("carillon").map((ours, round) => ours / theirs[round]!)),
      });
    }
    return measured;
  } finally {
    for (const client of Object.values(clients)) client.disconnect();
  }
}

export async function startSink(): Promise<{ readonly url: string; stop(): void }> {
  const [child, port] = await start("sink.ts");
  return { url: `http://127.0.0.1:${String(port)}`, stop: () => child.disconnect() };
}
