import { simulatorCredentials } from "@carillon/simulator";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { kCurrentWorker } from "miniflare";
import { defineConfig } from "vitest/config";

const { twilio } = simulatorCredentials;

export default defineConfig({
  plugins: [
    cloudflareTest(async () => ({
      main: "./test/worker.ts",
      wrangler: { configPath: "../../wrangler.dev.toml" },
      miniflare: {
        bindings: {
          TEST_MIGRATIONS: await readD1Migrations(new URL("migrations", import.meta.url).pathname),
          GUARD: '{"allow":{"email":["*@simulator.test"],"sms":["+1500555*"]}}',
          PROVIDERS: "resend,postmark,sendgrid,twilio",
          TWILIO_ACCOUNT_SID: twilio.accountSid,
          TWILIO_AUTH_TOKEN: twilio.authToken,
          TWILIO_FROM: twilio.from,
          TWILIO_STATUS_CALLBACK: "https://carillon.test/v1/webhooks/twilio",
        },
        // The simulator runs inside the Worker under test, where its tests can reach it.
        serviceBindings: { SIMULATOR: { name: kCurrentWorker, entrypoint: "SimulatorForTests" } },
      },
    })),
  ],
  test: {
    name: "notify",
    include: ["{src,test}/**/*.test.ts"],
    setupFiles: ["./test/setup.ts"],
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
