import { describe, expect, it } from "vitest";
import { checkCron, nextRuns } from "./cron.ts";

const runs = (cron: string, zone: string, after: string, count: number): readonly string[] =>
  nextRuns({ cron, zone }, Date.parse(after), count).map((at) => new Date(at).toISOString().replace(":00.000Z", "Z"));

describe("the next runs", () => {
  it("are later than the moment that they are asked for", () => {
    expect(runs("0 9 * * 1-5", "UTC", "2026-11-20T09:00:00Z", 2)).toEqual(["2026-11-23T09:00Z", "2026-11-24T09:00Z"]);
    expect(runs("0 9 * * 1-5", "UTC", "2026-11-20T08:59:59.999Z", 1)).toEqual(["2026-11-20T09:00Z"]);
  });

  it("follow the zone's clock through the year", () => {
    expect(runs("0 8 * * *", "America/New_York", "2026-10-31T13:00:00Z", 2)).toEqual([
      "2026-11-01T13:00Z",
      "2026-11-02T13:00Z",
    ]);
    expect(runs("0 8 * * *", "America/New_York", "2026-10-30T13:00:00Z", 1)).toEqual(["2026-10-31T12:00Z"]);
  });

  it("either day will do where both are given", () => {
    expect(runs("0 0 13 * 5", "UTC", "2026-11-01T00:00:00Z", 3)).toEqual([
      "2026-11-06T00:00Z",
      "2026-11-13T00:00Z",
      "2026-11-20T00:00Z",
    ]);
  });

  it("know the leap day", () => {
    expect(runs("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2)).toEqual(["2028-02-29T00:00Z", "2032-02-29T00:00Z"]);
  });
});

// On 29 March 2026 Berlin's clocks go from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
describe("when clocks go forward", () => {
  it("a time that does not exist runs at the first moment after the gap, once", () => {
    expect(runs("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2)).toEqual([
      "2026-03-29T01:00Z",
      "2026-03-30T00:30Z",
    ]);
    expect(runs("30 2 29 3 *", "Europe/Berlin", "2026-01-01T00:00:00Z", 1)).toEqual(["2026-03-29T01:00Z"]);
  });

  it("what runs every half hour leaves out the hour that is not there", () => {
    expect(runs("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3)).toEqual([
      "2026-03-29T00:30Z",
      "2026-03-29T01:00Z",
      "2026-03-29T01:30Z",
    ]);
  });
});

describe("when clocks go back", () => {
  it("a time that comes twice runs the first time only", () => {
    expect(runs("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30Z",
      "2026-10-26T01:30Z",
    ]);
    expect(runs("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", 1)).toEqual(["2026-10-26T01:30Z"]);
  });

  it("what runs every hour runs in both hours of that name", () => {
    expect(runs("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3)).toEqual([
      "2026-10-25T00:00Z",
      "2026-10-25T01:00Z",
      "2026-10-25T02:00Z",
    ]);
  });
});

describe("when clocks change, what has neither `*` nor a step keeps its times, however many", () => {
  it.each([
    // [cron, on the day without 02:00 to 03:00, on the day that has it twice]
    ["0 2,14 * * *", ["01:00", "12:00"], ["00:00", "13:00"]],
    ["0,30 2 * * *", ["01:00"], ["00:00", "00:30"]],
    ["30 1-3 * * *", ["00:30", "01:00", "01:30"], ["23:30", "00:30", "02:30"]],
    // These run at each moment that fits.
    ["*/30 2 * * *", [], ["00:00", "00:30", "01:00", "01:30"]],
    ["0 1-3/1 * * *", ["00:00", "01:00"], ["23:00", "00:00", "01:00", "02:00"]],
  ])("%s", (cron, spring, autumn) => {
    const on = (after: string, before: string): readonly string[] =>
      runs(cron, "Europe/Berlin", after, 6)
        .filter((at) => at < before)
        .map((at) => at.slice(11, 16));
    expect(on("2026-03-28T22:59:00Z", "2026-03-29T22:00Z")).toEqual(spring);
    expect(on("2026-10-24T21:59:00Z", "2026-10-25T23:00Z")).toEqual(autumn);
  });
});

describe("what is refused", () => {
  const fields = "expected five fields, minute hour day month weekday: 0 9 * * 1-5";
  const never = "expected a time that comes: there is no such date";
  it.each([
    ["0 0 30 2 *", "UTC", [["cron", never]]],
    ["0 0 31 4,6,9,11 *", "Europe/Berlin", [["cron", never]]],
    ["* * * * * *", "UTC", [["cron", fields]]],
    ["0 9 * *", "UTC", [["cron", fields]]],
    ["", "UTC", [["cron", fields]]],
    ["2027-01-01T00:00:00", "UTC", [["cron", fields]]],
    ["@never", "UTC", [["cron", fields]]],
    ["61 * * * *", "UTC", [["cron", `${fields}; the minute is not valid`]]],
    ["0 24 * * *", "UTC", [["cron", `${fields}; the hour is not valid`]]],
    ["0 9 * * mon-x", "UTC", [["cron", expect.stringContaining(fields)]]],
    ["0 9 * * *", "Europe/Atlantis", [["zone", "expected an IANA time zone: Europe/Berlin"]]],
    ["0 9 * * *", "+02:00", [["zone", "expected an IANA time zone: Europe/Berlin"]]],
    ["0 9 * * *", "", [["zone", "expected an IANA time zone: Europe/Berlin"]]],
    [
      "0 0 30 2 *",
      "Nowhere",
      [
        ["zone", "expected an IANA time zone: Europe/Berlin"],
        ["cron", never],
      ],
    ],
  ] as const)("%s in %s", (cron, zone, expected) => {
    const errors = checkCron({ cron, zone }, Date.parse("2026-11-24T00:00:00Z"));
    expect(errors.map(({ field, detail }) => [field, detail])).toEqual(expected);
    for (const { detail } of errors) expect(detail).not.toContain("Atlantis");
  });

  it.each([
    ["0 9 * * 1-5", "Europe/Berlin"],
    ["*/5 0-6 1,15 jan-mar *", "America/Argentina/Buenos_Aires"],
    ["@daily", "UTC"],
    ["0 0 L * *", "Etc/GMT+5"],
  ])("not %s in %s", (cron, zone) => {
    expect(checkCron({ cron, zone }, Date.parse("2026-11-24T00:00:00Z"))).toEqual([]);
  });
});
