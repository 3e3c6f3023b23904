import { describe, expect, it } from "vitest";
import { utf8 } from "../../crypto/bytes.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { slackV0Scheme } from "./slack-v0.ts";

// https://docs.slack.dev/authentication/verifying-requests-from-slack (read 2026-11-23)
const secret = "8f742231b10e8888abcd99yyyzzz85a5";
const seconds = "1531420618";
const signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const body =
  "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

const verify = (changed: { secrets?: string[]; seconds?: string; signature?: string; body?: string } = {}) => {
  const given = { secrets: [secret], seconds, signature, body, ...changed };
  const headers = new Headers({ "x-slack-request-timestamp": given.seconds, "x-slack-signature": given.signature });
  return slackV0Scheme({ secrets: given.secrets }).verify(
    { method: "POST", url: "https://app.example/", headers, body: utf8(given.body) },
    { now: new Date() },
  );
};

describe("the example of Slack's documentation", () => {
  it("is verified, also while the secret is regenerated", async () => {
    expect(await verify()).toBe(true);
    expect(await verify({ secrets: ["the next one", secret] })).toBe(true);
  });

  it.each([
    ["another time", { seconds: "1531420619" }],
    ["a time with a zero before it, which moves no digit into the body", { seconds: "01531420618" }],
    ["a body that was decoded and encoded again", { body: body.replaceAll("%2F", "/") }],
    ["an empty body", { body: "" }],
    ["upper-case digits", { signature: signature.toUpperCase().replace("V0", "v0") }],
    ["no version", { signature: signature.slice(3) }],
    ["another version", { signature: signature.replace("v0", "v1") }],
    ["a cut signature", { signature: signature.slice(0, -2) }],
    ["two signatures", { signature: `${signature},${signature}` }],
    ["another secret", { secrets: [`${secret} `] }],
  ])("is refused with %s", async (_, changed) => {
    expect(await verify(changed)).toBe(false);
  });
});

it.each([[[]], [[""]], [[secret, "  "]]])("cannot be made without secrets: %o", (secrets) => {
  expect(() => slackV0Scheme({ secrets })).toThrow(ConfigurationError);
});
