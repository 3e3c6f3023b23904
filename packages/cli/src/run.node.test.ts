import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { settings } from "carillon/providers/webpush";
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";

const now = new Date("2027-03-04T05:06:07Z");

function variables(...args: readonly string[]): Record<string, string> {
  const { exitCode, out } = run([...args, "--json"], now);
  expect(exitCode).toBe(0);
  return JSON.parse(out) as Record<string, string>;
}

describe("carillon keys", () => {
  it("makes a VAPID pair that the provider takes", () => {
    const made = variables("keys", "vapid", "--subject", "mailto:ops@example.com");
    expect(Object.keys(made)).toEqual(settings.send.required);
    expect(settings.send.create(made).id).toBe("webpush");
    const other = variables("keys", "vapid", "--subject", "mailto:ops@example.com");
    const mixed = { ...made, WEBPUSH_VAPID_PRIVATE_KEY: other["WEBPUSH_VAPID_PRIVATE_KEY"] ?? "" };
    expect(() => settings.send.create(mixed)).toThrow("PRIVATE_KEY");
  });

  it("prints variables as lines, and says what is left to be set", () => {
    const { out, error } = run(["keys", "vapid"], now);
    expect(out).toMatch(/^WEBPUSH_VAPID_PUBLIC_KEY=B[\w-]{86}\nWEBPUSH_VAPID_PRIVATE_KEY=[\w-]{43}\n$/);
    expect(error).toContain("WEBPUSH_VAPID_SUBJECT");
    expect(run(["keys", "vapid", "--subject", "https://example.com"], now).error).toBe("");
  });

  it.each(["mailto:ops", "mailto:<ops@example.com>", "https://localhost", "http://example.com", "ops@example.com"])(
    "refuses %s as a subject",
    (subject) => {
      const { exitCode, out, error } = run(["keys", "vapid", "--subject", subject], now);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
      expect(error).toMatch(/^--subject: expected/);
    },
  );

  it.each([
    ["unsubscribe", "UNSUBSCRIBE_KEYS"],
    ["recipient-token", "RECIPIENT_TOKEN_KEYS"],
  ])("names a key of %s by the month, or as it is told", (kind, variable) => {
    expect(variables("keys", kind)[variable]).toMatch(/^2027-03:[\w-]{43}$/);
    expect(variables("keys", kind, "--id", "next")[variable]).toMatch(/^next:[\w-]{43}$/);
    expect(run(["keys", kind, "--id", "a:b"], now).error).toMatch(/^--id: expected/);
  });

  it("makes another secret each time", () => {
    for (const kind of ["webhook-lock", "admin"]) {
      expect(run(["keys", kind], now).out).not.toBe(run(["keys", kind], now).out);
    }
    expect(run(["keys", "admin"], now).out).toMatch(/^ADMIN_API_KEY=crl_[\w-]{43}\n$/);
    expect(run(["keys", "webhook-lock"], now).out).toMatch(/^WEBHOOK_LOCK=[\w-]{43}\n$/);
  });

  it.each([
    [[], "expected: carillon keys"],
    [["keys"], "expected a kind of key: vapid"],
    [["keys", "rsa"], "expected a kind of key: vapid"],
    [["keys", "vapid", "now"], "expected: carillon keys"],
    [["send"], "expected: carillon keys"],
    [["keys", "admin", "--id", "x"], "--id: keys admin takes none"],
    [["keys", "vapid", "--frobnicate"], "Unknown option '--frobnicate'"],
    [["keys", "vapid", "--subject"], "argument missing"],
  ])("says what is wrong with %j", (args, problem) => {
    const { exitCode, out, error } = run(args, now);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(error).toContain(problem);
    expect(error).toContain("Usage: carillon");
  });

  it("prints its help when it is asked for it", () => {
    expect(run(["--help"], now)).toMatchObject({ exitCode: 0, error: "" });
    expect(run(["keys", "-h"], now).out).toContain("recipient-token");
  });

  it("is a command", () => {
    const command = fileURLToPath(new URL("carillon.ts", import.meta.url));
    const good = spawnSync(process.execPath, [command, "keys", "admin"], { encoding: "utf8" });
    expect(good).toMatchObject({ status: 0, stderr: "" });
    expect(good.stdout).toMatch(/^ADMIN_API_KEY=/);
    expect(spawnSync(process.execPath, [command, "nothing"]).status).toBe(2);
  });
});
