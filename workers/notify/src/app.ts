import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Env } from "./env.ts";
import { problemResponse } from "./problem.ts";
import { deadLetters } from "./routes/dead-letters.ts";
import { devices } from "./routes/devices.ts";
import { endpoints } from "./routes/endpoints.ts";
import { erasures, recipientErasure } from "./routes/erasures.ts";
import { health } from "./routes/health.ts";
import { jobs } from "./routes/jobs.ts";
import { keys } from "./routes/keys.ts";
import { messages } from "./routes/messages.ts";
import { notifications } from "./routes/notifications.ts";
import { push } from "./routes/push.ts";
import { pushReceipts } from "./routes/push-receipts.ts";
import { recipientExport } from "./routes/recipient-export.ts";
import { recipientPreferences } from "./routes/recipient-preferences.ts";
import { recipients } from "./routes/recipients.ts";
import { suppressionTransfer } from "./routes/suppression-transfer.ts";
import { retention } from "./routes/retention.ts";
import { schedules } from "./routes/schedules.ts";
import { suppressions } from "./routes/suppressions.ts";
import { recipientTopics, topics } from "./routes/topics.ts";
import { unsubscribe } from "./routes/unsubscribe.ts";
import { tellOfChanges } from "./routes/tell-of-changes.ts";
import { webhooks } from "./routes/webhooks.ts";
import { mustRefuse, settingsOf } from "./settings.ts";

export const app = new Hono<{ Bindings: Env }>();

app.use("*", async (c, next) => {
  if (mustRefuse(c.env, settingsOf(c.env))) {
    return problemResponse({
      status: 503,
      code: "simulator-in-production",
      title: "This deployment is bound to the simulator and refuses to serve as production.",
    });
  }
  await next();
  return undefined;
});

for (const path of ["/v1/suppressions/*", "/v1/unsubscribe/*", "/v1/recipients/*"]) app.use(path, tellOfChanges);

app.route("/v1/notifications", notifications);
app.route("/v1/messages", messages);
app.route("/v1/webhooks", webhooks);
app.route("/v1/suppressions", suppressions);
app.route("/v1/suppressions", suppressionTransfer);
app.route("/v1/unsubscribe", unsubscribe);
app.route("/v1/recipients", recipients);
app.route("/v1/recipients", recipientPreferences);
app.route("/v1/recipients", recipientErasure);
app.route("/v1/recipients", recipientExport);
app.route("/v1/erasures", erasures);
app.route("/v1/recipients", devices);
app.route("/v1/recipients", recipientTopics);
app.route("/v1/topics", topics);
app.route("/v1/push/receipts", pushReceipts);
app.route("/v1/push", push);
app.route("/v1/endpoints", endpoints);
app.route("/v1/keys", keys);
app.route("/v1/jobs", jobs);
app.route("/v1/dead-letters", deadLetters);
app.route("/v1/schedules", schedules);
app.route("/v1/retention", retention);
app.route("/v1/health", health);

app.notFound(() => problemResponse({ status: 404, code: "not-found", title: "There is nothing at this path." }));

app.onError((error) => {
  if (error instanceof HTTPException) return error.getResponse();
  // The message may quote what was sent; its class is enough to find the place.
  console.error(JSON.stringify({ event: "request-failed", error: error.name, stack: framesOf(error) }));
  return problemResponse({
    status: 500,
    code: "internal",
    title: "The request failed.",
    detail: "Nothing is known to be saved; try again.",
  });
});

/** The stack without its first line, which repeats the message. */
function framesOf(error: Error): string {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "))
    .slice(0, 8)
    .join("\n");
}
