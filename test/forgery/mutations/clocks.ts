import { secondsOf } from "../signing.ts";
import type { Ground, Mutation } from "./mutation.ts";

const day = 86_400;
/** Beyond what any scheme here tolerates, which is nine hours at most. */
const offsets = [-3650, -365, -30, -7, -1, -0.5, 0.5, 1, 7, 30, 365, 3650].map((days) => days * day);

/** Rightly signed, at another time, or at what is no time. */
export async function* clocks({ receiver, unsigned, signed, now }: Ground): AsyncGenerator<Mutation> {
  const seconds = secondsOf(now);
  const spellings: readonly string[] = [
    "",
    "0",
    "-1",
    "NaN",
    "Infinity",
    `${seconds}000`,
    `${seconds}.0`,
    `${seconds}.`,
    `+${seconds}`,
    `-${seconds}`,
    `0${seconds}`,
    `${seconds}e0`,
    `0x${Number(seconds).toString(16)}`,
    `${Number(seconds) / 10}e1`,
    seconds.slice(0, -1),
    seconds.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
    `${seconds.slice(0, 5)}_${seconds.slice(5)}`,
    `${seconds.slice(0, 1)},${seconds.slice(1)}`,
    `${seconds}, ${seconds}`,
    now.toISOString(),
    now.toUTCString(),
    "9".repeat(400),
  ];
  for (const offset of offsets) {
    const text = String(Number(seconds) + offset);
    const request = await receiver.sign(unsigned, now, "ours", text);
    if (request) yield { what: `signed ${offset / day} days from now`, request, original: request };
  }
  for (const text of spellings) {
    if ([...text].some((character) => character > "\u00ff")) continue;
    const request = await receiver.sign(unsigned, now, "ours", text).catch(() => undefined);
    if (request) yield { what: `signed at "${text.slice(0, 30)}"`, request, original: signed };
  }
}
