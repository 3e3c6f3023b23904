import { simulatorCredentials } from "@carillon/simulator";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { kCurrentWorker } from "miniflare";
import { defineConfig } from "vitest/config";

const { twilio } = simulatorCredentials;

/** A VAPID pair that was current before the simulator's; made up, like all of its. */
const older = {
  publicKey: "BMre6YhRKMhc2Okgvg72V_1Pwyz6a50p8fYVmN15ujxLbenUqEcRGYCQHGqeDplEn3G5bcX-BY_1gRrEetAS1v0",
  privateKey: "LcbTVnQ7F7FFiHd9uWqvdhUltCzT9MxKcyyfHihNvvA",
};

/** Tests of the service in workerd, with the simulator for everything that it calls. */
export function project(options: {
  readonly name: string;
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  readonly setupFiles?: readonly string[];
  /** Variables of the deployment that is tested. */
  readonly variables?: Readonly<Record<string, string>>;
}): ReturnType<typeof defineConfig> {
  const { name, include, exclude = [], setupFiles = [], variables = {} } = options;
  return defineConfig({
    plugins: [
      cloudflareTest(async () => ({
        main: "./test/worker.ts",
        wrangler: { configPath: "../../wrangler.dev.toml" },
        miniflare: {
          bindings: {
            TEST_MIGRATIONS: await readD1Migrations(new URL("../migrations", import.meta.url).pathname),
            GUARD: '{"allow":{"email":["*@simulator.test"],"sms":["+1500555*"],"webpush":["*"],"fcm":["*"]}}',
            PROVIDERS: "resend,postmark,sendgrid,twilio,webpush,fcm",
            WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY: older.publicKey,
            WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY: older.privateKey,
            // The simulator takes more mail than Resend does; texts show what a rate does.
            RATES: JSON.stringify({
              "resend:default": { perSecond: 1_000, burst: 1_000 },
              "twilio:default": { perSecond: 20, burst: 10 },
            }),
            TWILIO_ACCOUNT_SID: twilio.accountSid,
            TWILIO_AUTH_TOKEN: twilio.authToken,
            TWILIO_FROM: twilio.from,
            TWILIO_STATUS_CALLBACK: "https://carillon.test/v1/webhooks/twilio",
            ...variables,
          },
          // The simulator runs inside the Worker under test, where its tests can reach it.
          serviceBindings: { SIMULATOR: { name: kCurrentWorker, entrypoint: "SimulatorForTests" } },
        },
      })),
    ],
    test: {
      name,
      include: [...include],
      exclude: [...exclude],
      setupFiles: ["./test/setup.ts", ...setupFiles],
      testTimeout: 20_000,
      expect: { poll: { timeout: 10_000 } },
    },
  });
}
