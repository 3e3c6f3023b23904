import { describeProvider } from "@carillon/testing";
import { ses, settings } from "./index.ts";

const accessKeyId = "ASIAFIXTUREKEY";
const secretAccessKey = "fixture/secret+access/key";
const sessionToken = "fixture//session+token==";

describeProvider({
  create: () => ses({ accessKeyId, secretAccessKey, sessionToken, region: "eu-west-1", configurationSet: "events" }),
  secrets: [accessKeyId, secretAccessKey, sessionToken],
  settings,
  variables: {
    SES_ACCESS_KEY_ID: accessKeyId,
    SES_SECRET_ACCESS_KEY: secretAccessKey,
    SES_REGION: "eu-west-1",
    SES_SESSION_TOKEN: sessionToken,
    SES_CONFIGURATION_SET: "events",
    SES_TOPIC_ARNS: "arn:aws:sns:eu-west-1:123456789012:ses-events",
  },
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});
