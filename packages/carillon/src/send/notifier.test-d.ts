import { expectTypeOf } from "vitest";
import type { ChannelId, Input } from "../channels/channel.ts";
import type { AnyProvider, Provider } from "../provider/contract.ts";
import type { SendResult } from "../result/send-result.ts";
import type { Config, Notifier } from "./config.ts";
import { createNotifier } from "./notifier.ts";

declare const email: Provider<"email">;
declare const sms: Provider<"sms">;

const one = createNotifier({ email: [email], attempts: 2, defaults: { email: { subject: "s" } } });
expectTypeOf(one).toEqualTypeOf<Notifier<"email">>();
expectTypeOf(one.send).parameter(0).toEqualTypeOf<Input<"email">>();
expectTypeOf(one.send).returns.resolves.toEqualTypeOf<SendResult>();

const two = createNotifier({ email: [email], sms: [sms] });
expectTypeOf(two).toEqualTypeOf<Notifier<"email" | "sms">>();
expectTypeOf(two.send).parameter(0).toEqualTypeOf<Input<"email"> | Input<"sms">>();

// What is only known at run time may have any channel.
declare const config: Config;
expectTypeOf(createNotifier(config)).toEqualTypeOf<Notifier>();
declare const maybe: readonly Provider<"sms">[] | undefined;
expectTypeOf(createNotifier({ sms: maybe })).toEqualTypeOf<Notifier<"sms">>();

// A provider of any channel can be held as one type.
expectTypeOf(email).toExtend<AnyProvider>();
expectTypeOf<AnyProvider["channel"]["id"]>().toEqualTypeOf<ChannelId>();

// @ts-expect-error a misspelt channel
createNotifier({ emial: [email] });
// @ts-expect-error a misspelt option
createNotifier({ email: [email], attempt: 2 });
// @ts-expect-error a provider of another channel
createNotifier({ email: [sms] });
// @ts-expect-error an option's wrong value
createNotifier({ email: [email], onUnknown: "maybe" });
// @ts-expect-error not one provider but a list
createNotifier({ email });
// @ts-expect-error a channel without a provider
void one.send({ channel: "sms", to: "+15005550006", text: "t" });
// @ts-expect-error a batch entry of a channel without a provider
void one.sendBatch([{ message: { channel: "sms", to: "+15005550006", text: "t" } }]);
// @ts-expect-error no subject
void one.send({ channel: "email", from: "a@example.com", to: "b@example.com", text: "t" });
