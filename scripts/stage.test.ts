import { describe, expect, it } from "vitest";
import { countVitest } from "./stage.ts";
import { stages } from "./stages.ts";

const clean = { success: true, numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 };

describe("the count of a Vitest run", () => {
  it("is what the report says when all is well", () => {
    expect(countVitest(clean, 0)).toEqual({ passed: 3, failed: 0, skipped: 2 });
  });

  it("holds a failure when the run ended badly though no test failed", () => {
    expect(countVitest(clean, 1).failed).toBe(1);
    expect(countVitest({ ...clean, success: false }, 0).failed).toBe(1);
  });

  it("holds a failure when nothing ran, or nothing was reported", () => {
    expect(countVitest({ ...clean, numPassedTests: 0, numPendingTests: 0, numTodoTests: 0 }, 0).failed).toBe(1);
    expect(countVitest(undefined, 0).failed).toBe(1);
  });

  it("does not count a failed test twice", () => {
    expect(countVitest({ ...clean, success: false, numFailedTests: 2 }, 1).failed).toBe(2);
  });
});

describe("the stages", () => {
  it("have names of their own, which their logs are filed under", () => {
    const names = stages().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("check the types of every package", () => {
    expect(stages().map(({ name }) => name)).toContain("types packages/carillon test");
  });
});
