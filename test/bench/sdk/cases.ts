import type { Case } from "./case.ts";
import { pushRequests } from "./push-requests.ts";
import { chatSends } from "./sends/chat.ts";
import { emailSends } from "./sends/email.ts";
import { pushSends } from "./sends/push.ts";
import { smsSends } from "./sends/sms.ts";
import { verifications } from "../verify/cases.ts";

export const sends: readonly Case[] = [...emailSends, ...smsSends, ...chatSends, ...pushSends];

/** All that `client.ts` can be one side of. */
export const cases: readonly Case[] = [...pushRequests, ...sends, ...verifications];
