import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input } from "carillon";
import { discord } from "carillon/providers/discord";
import {
  type APIAllowedMentions,
  type APIEmbed,
  MessageFlags,
  type RESTPostAPIWebhookWithTokenJSONBody,
} from "discord-api-types/v10";
import { expect, expectTypeOf, test } from "vitest";
import { createRig } from "./harness.ts";

type Embed = NonNullable<Input<"discord">["embeds"]>[number];

const { webhookUrl } = simulatorCredentials.discord;

async function bodyOf(input: Omit<Input<"discord">, "channel" | "to">): Promise<RESTPostAPIWebhookWithTokenJSONBody> {
  const rig = createRig();
  const notifier = createNotifier({ discord: [discord()], fetch: rig.fetch, attempts: 1 });
  await notifier.send({ channel: "discord", to: { webhookUrl }, ...input });
  return JSON.parse(new TextDecoder().decode(rig.arrived()[0]?.body)) as RESTPostAPIWebhookWithTokenJSONBody;
}

test("an embed and its mentions are those of discord-api-types", () => {
  expectTypeOf<Pick<APIEmbed, keyof Embed>>().toExtend<Embed>();
  expectTypeOf<keyof Embed>().toEqualTypeOf<Exclude<keyof APIEmbed, "type" | "video" | "provider" | "flags">>();
  expectTypeOf<`${NonNullable<APIAllowedMentions["parse"]>[number]}`>().toEqualTypeOf<
    NonNullable<NonNullable<Input<"discord">["allowedMentions"]>["parse"]>[number]
  >();
});

test.each([
  [
    "suppressEmbeds",
    { text: "Hi", providerOptions: { discord: { suppressEmbeds: true } } },
    MessageFlags.SuppressEmbeds,
  ],
  [
    "suppressNotifications",
    { text: "Hi", providerOptions: { discord: { suppressNotifications: true } } },
    MessageFlags.SuppressNotifications,
  ],
  ["components alone", { components: [{ type: 10, content: "Hi" }] }, MessageFlags.IsComponentsV2],
])("%s is the flag that discord-api-types has for it", async (_what, input, flag) => {
  expect((await bodyOf(input)).flags).toBe(flag);
});
