import { describe, expect, it } from "vitest";
import { OptionError, readOptions } from "./options.ts";

describe("what npm start may be told", () => {
  it("is who wakes the shards: themselves, unless it is QStash", () => {
    expect(readOptions([])).toEqual({ scheduler: "alarm" });
    for (const scheduler of ["alarm", "qstash"]) {
      expect(readOptions(["--scheduler", scheduler])).toEqual({ scheduler });
      expect(readOptions([`--scheduler=${scheduler}`])).toEqual({ scheduler });
    }
  });

  it.each([
    [["--scheduler", "cron"], "--scheduler is alarm or qstash, and not cron."],
    [["--scheduler"], /--scheduler/],
    [["--sheduler", "qstash"], /--sheduler/],
    [["qstash"], /qstash/],
  ])("is nothing else: %j", (args, message) => {
    expect(() => readOptions(args)).toThrow(OptionError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
