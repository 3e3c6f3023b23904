import { describe, expect, it } from "vitest";
import { budgetOf, defaultBudgets, readBudgets } from "./budgets.ts";

const hour = 3_600_000;

describe("RETRY_BUDGETS", () => {
  it("leaves the defaults where it says nothing", () => {
    const problems: string[] = [];
    for (const text of [undefined, "", " ", "{}"]) expect(readBudgets(text, problems)).toEqual(defaultBudgets);
    expect(problems).toEqual([]);
  });

  it("changes what it names, and no more", () => {
    const problems: string[] = [];
    const budgets = readBudgets('{"sms":{"maxTries":5,"maxAge":"30m"},"email":{"maxAge":"7d"}}', problems);
    expect(problems).toEqual([]);
    expect(budgets).toEqual({
      ...defaultBudgets,
      sms: { maxTries: 5, maxAgeMs: hour / 2 },
      email: { maxTries: 30, maxAgeMs: 168 * hour },
    });
    expect(budgetOf({ budgets }, "sms")).toEqual({ maxTries: 5, maxAgeMs: hour / 2 });
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["a number", "5"],
    ["an unknown channel", '{"fax":{"maxTries":1}}'],
    ["what an object inherits", '{"constructor":{"maxTries":1}}'],
    ["an unknown limit", '{"sms":{"tries":1}}'],
    ["no tries at all", '{"sms":{"maxTries":0}}'],
    ["too many", '{"sms":{"maxTries":101}}'],
    ["a half", '{"sms":{"maxTries":1.5}}'],
    ["a number as text", '{"sms":{"maxTries":"5"}}'],
    ["an age without a unit", '{"sms":{"maxAge":30}}'],
    ["an age of seconds", '{"sms":{"maxAge":"59s"}}'],
    ["an age of more than a week", '{"sms":{"maxAge":"8d"}}'],
    ["nothing", '{"sms":null}'],
  ])("tells of %s and goes on as if it were not there", (_, text) => {
    const problems: string[] = [];
    expect(readBudgets(text, problems)).toEqual(defaultBudgets);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^RETRY_BUDGETS /);
  });
});
