import { project } from "./test/project.ts";

/** What is said of when and how messages are sent, once more: with QStash to wake the shards. */
const semantics = [
  "cancel-race",
  "dead-letters",
  "jobs",
  "lanes",
  "later",
  "recovery",
  "retention",
  "round",
  "routes",
  "routes-steps",
  "schedules",
  "wakes",
  "wakes-outage",
];

export default project({
  name: "notify-qstash",
  include: semantics.map((name) => `test/${name}.test.ts`),
  setupFiles: ["./test/setup-queue.ts"],
  variables: { SCHEDULER: "qstash", QSTASH_URL: "https://qstash.upstash.io", PUBLIC_URL: "https://carillon.test" },
});
