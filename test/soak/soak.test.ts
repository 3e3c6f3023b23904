import { expect, it } from "vitest";
import { table } from "../../scripts/provider-table.ts";
import { seeded } from "../forgery/seeded.ts";
import { soak } from "./soak.ts";

/** The long form is `pnpm soak`: 20,000 messages, and each lost lease is waited for. */
const longMessages = Number(process.env["SOAK_MESSAGES"] ?? 0);
const isLong = longMessages > 0;
const messages = isLong ? longMessages : 500;
const kills = isLong ? 3 : 1;

it(
  `${messages} messages through troubled providers and ${kills} kill -9 end as the providers' records say`,
  { timeout: 1_800_000 },
  async () => {
    const seed = Number(process.env["SOAK_SEED"] ?? Date.now() % 1_000_000);
    const result = await soak({
      messages,
      kills,
      waitsFor: isLong ? "leases" : "nothing",
      random: seeded(seed),
      log: (line) => isLong && console.log(line),
    });
    const { seconds, requests, troubled, statuses, lost, wrong, twice, unmarked } = result;
    const sum = (counts: Readonly<Record<string, number>>): number =>
      Object.values(counts).reduce((total, count) => total + count, 0);
    console.log(
      table(
        ["messages", "kills", "seconds", "requests", "503", "429", "taken, then cut", "lost", "wrong status", "twice"],
        [
          [
            messages,
            kills,
            seconds,
            requests,
            ...["unavailable", "rate-limit", "accept-then-cut"].map((kind) => troubled[kind] ?? 0),
            lost.length,
            wrong.length,
            sum(twice),
          ].map(String),
        ],
      ),
    );
    console.log(`seed ${seed}`, statuses, twice);
    expect(lost).toEqual([]);
    expect(wrong).toEqual([]);
    expect(unmarked).toEqual([]);
    // With a key, the same provider never takes one twice.
    expect(Object.keys(twice)).not.toContain("resend and resend");
    expect(sum(statuses)).toBe(messages);
    // It was troubled, as it was to be.
    for (const kind of ["unavailable", "rate-limit", "accept-then-cut"]) {
      if (isLong) expect([kind, troubled[kind] ?? 0]).not.toEqual([kind, 0]);
    }
  },
);
