import { expect, test } from "vitest";
import { describeContent } from "./describe.ts";
import type { MessageContent } from "./message.ts";

const slack = { kind: "slack", target: "C1", blocks: [] } as const;
const discord = { kind: "discord", webhook: "1", embeds: [], components: [], files: [] } as const;
const vapid = { audience: "https://push.example", expiresAtMs: 1 };
const webpush = { kind: "webpush", endpoint: "e", ttlSeconds: 1, payload: "", declarative: false, vapid } as const;
const sms = { kind: "sms", from: "Shop", to: "+1", mediaUrls: [], encoding: "GSM-7", segments: [] } as const;
const fcm = { kind: "fcm", target: "topic news", validateOnly: false } as const;
const section = (text: string): Record<string, unknown> => ({ type: "section", text: { type: "mrkdwn", text } });

test.each<[MessageContent, string, string]>([
  [{ ...sms, text: "Hello\n there" }, "Hello there", ""],
  [{ ...sms, text: `${"word ".repeat(16)}then more` }, `${"word ".repeat(16)}...`, "then more"],
  [{ ...sms, text: "x".repeat(100) }, `${"x".repeat(80)} ...`, "x".repeat(20)],
  [{ ...sms, text: "", mediaUrls: ["https://e.example"] }, "Media message", ""],
  [{ ...slack, text: "*Hi* <https://e.example|there> <@U1> &amp; a_b" }, "Hi there @U1 & a_b", ""],
  [{ ...slack, text: "Short", blocks: [section("*Long*"), { type: "divider" }] }, "Short", "Long"],
  [{ ...slack, blocks: [section("Only _this_")] }, "Only this", ""],
  [{ ...slack, blocks: [{ type: "divider" }] }, "Blocks", ""],
  [{ ...discord, text: "# **Hi** ||all||", embeds: [{ title: "T", description: "`D`" }] }, "Hi all", "T D"],
  [{ ...discord, embeds: [{ title: "[T](https://e.example)" }] }, "T", ""],
  [{ ...discord, files: [{ filename: "a.csv", contentType: "text/csv", base64: "" }] }, "a.csv", ""],
  [{ ...webpush, payload: `{"web_push":8030,"notification":{"title":"T","body":"B"}}` }, "T", "B"],
  [{ ...webpush, payload: `{"title":"T"}` }, "T", ""],
  [{ ...webpush, payload: `{"title":7}` }, `{"title":7}`, ""],
  [webpush, "Push without payload", ""],
  [{ ...fcm, message: { notification: { title: "T", body: "B\nC" } } }, "T", "B C"],
  [{ ...fcm, message: { data: {} } }, "Data message", ""],
])("%j is listed as %j", (content, title, preview) => {
  expect(describeContent(content)).toMatchObject({ kind: content.kind, title, preview });
});
