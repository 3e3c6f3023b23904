import type { Case } from "./case.ts";
import { pushRequests } from "./push-requests.ts";
import { chatSends } from "./sends/chat.ts";
import { emailSends } from "./sends/email.ts";
import { pushSends } from "./sends/push.ts";
import { smsSends } from "./sends/sms.ts";

export const sends: readonly Case[] = [...emailSends, ...smsSends, ...chatSends, ...pushSends];

export const cases: readonly Case[] = [...pushRequests, ...sends];
