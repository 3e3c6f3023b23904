import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** The Worker in workerd, from its own configuration; the webhooks' receiver is a stand-in bound as NOTIFY. */
export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: new URL("wrangler.toml", import.meta.url).pathname },
      miniflare: {
        bindings: { WEBHOOK_TARGET: "http://app.internal" },
        serviceBindings: {
          NOTIFY: () => new Response(),
        },
      },
    }),
  ],
  test: { name: "simulator", include: [new URL("test/**/*.test.ts", import.meta.url).pathname] },
});
