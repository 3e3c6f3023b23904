import { describeProvider } from "@carillon/testing";
import { mailpit, settings } from "./index.ts";

const credentials = { username: "dev", password: "mp_test_password" };

describeProvider({
  create: () => mailpit({ baseUrl: "http://localhost:8025", ...credentials }),
  secrets: [credentials.password],
  settings,
  variables: {
    MAILPIT_BASE_URL: "http://localhost:8025",
    MAILPIT_USERNAME: credentials.username,
    MAILPIT_PASSWORD: credentials.password,
  },
  fixtures: import.meta.glob<string>("./fixtures/send/**", { query: "?raw", import: "default", eager: true }),
});
