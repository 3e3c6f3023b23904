import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { receiver } from "../test/calls.ts";
import { toBase64, utf8 } from "../wire/bytes.ts";

const { apiKey, domain, euDomain, webhookSigningKey } = simulatorCredentials.mailgun;
const url = `https://api.mailgun.net/v3/${domain}/messages`;
const authorization = `Basic ${toBase64(utf8(`api:${apiKey}`))}`;

type Pairs = readonly (readonly [string, string | Blob, string?])[];
const mail: Pairs = [
  ["from", "Ada <ada@example.com>"],
  ["to", "bob@example.com"],
  ["subject", "Hi"],
  ["text", "x"],
];

function formOf(pairs: Pairs): FormData {
  const form = new FormData();
  for (const [name, value, filename] of pairs) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value, filename);
  }
  return form;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function post(simulator: Simulator, body: FormData | string, to = url, key = authorization): Promise<Answer> {
  const response = await simulator.fetch(to, { method: "POST", headers: { authorization: key }, body });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const without = (field: string): Pairs => mail.filter(([name]) => name !== field);
const people = (count: number): string =>
  Array.from({ length: count }, (_, index) => `r${index}@example.com`).join(", ");

describe("what Mailgun refuses", () => {
  test.each([
    ["no sender", without("from"), "from parameter is missing"],
    ["no recipient", without("to"), "to parameter is missing"],
    ["a wrong address", [...without("to"), ["to", "nobody"]], "'to' parameter is not a valid address"],
    ["a wrong copy", [...mail, ["cc", "a@example.com, b"]], "'cc' parameter is not a valid address"],
    ["1,001 recipients", [...without("to"), ["to", people(1001)]], "1000 recipients"],
    ["no content", without("text"), "Need at least one of"],
    ["an unknown field", [...mail, ["tag", "a"]], "'tag' parameter is not supported"],
    ["an unknown option", [...mail, ["o:tags", "a"]], "'o:tags' parameter is not supported"],
    [
      "an option with another value",
      [...mail, ["o:tracking-opens", "on"]],
      "'o:tracking-opens' parameter is not valid",
    ],
    ["test mode that is no", [...mail, ["o:testmode", "no"]], "'o:testmode' parameter is not valid"],
    ["a time with a named zone", [...mail, ["o:deliverytime", "Fri, 02 Jan 1970 00:00:00 GMT"]], "not valid"],
    ["a time in eight days", [...mail, ["o:deliverytime", "Fri, 09 Jan 1970 00:00:00 +0000"]], "too far"],
    ["two subjects", [...mail, ["subject", "Ho"]], "more than once"],
    ["a subject of two lines", [...without("subject"), ["subject", "a\nb"]], "'subject' parameter is not valid"],
    ["a header that is none", [...mail, ["h:X Y", "1"]], "not a valid header"],
    ["a header with a line break", [...mail, ["h:X-Y", "a\nb"]], "not a valid header"],
    ["options over 16 kB", [...mail, ["h:X-A", "a".repeat(9000)], ["v:b", "b".repeat(9000)]], "limited to 16KB total"],
    ["recipient variables that are no JSON", [...mail, ["recipient-variables", "{"]], "not a valid JSON"],
    ["recipient variables of one value", [...mail, ["recipient-variables", '{"a":1}']], "not a valid JSON"],
    ["text where a file belongs", [...mail, ["attachment", "x"]], "must be a file"],
    ["a file where text belongs", [...mail, ["html", new Blob(["x"])]], "cannot be a file"],
  ] as [string, Pairs, string][])("refuses %s", async (_, pairs, message) => {
    const simulator = createSimulator({ now: () => new Date(0) });
    const answer = await post(simulator, formOf(pairs));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).message).toContain(message);
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test.each([
    ["another key", url, "Basic x", 401, "Forbidden"],
    ["another domain", url.replace(domain, "mg.example.com"), authorization, 404, "Domain not found"],
    ["a domain of the other region", url.replace(domain, euDomain), authorization, 404, "Domain not found"],
    ["a path that it does not know", "https://api.mailgun.net/v4/messages", "", 200, "Mailgun Magnificent API"],
  ])("knows %s", async (_, to, key, status, text) => {
    const simulator = createSimulator();
    const answer = await post(simulator, formOf(mail), to, key);
    expect([answer.status, answer.body]).toEqual([status, expect.stringContaining(text)]);
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("refuses JSON, and more than 25 MB", async () => {
    const simulator = createSimulator();
    expect((await post(simulator, JSON.stringify({ to: "bob@example.com" }))).status).toBe(400);
    const large = await post(simulator, formOf([...mail, ["attachment", new Blob(["x".repeat(26_214_400)]), "a"]]));
    expect([large.status, JSON.parse(large.body)]).toEqual([413, { message: "Request Entity Too Large" }]);
  });
});

test("takes everything, at the host of the domain's region", async () => {
  const simulator = createSimulator({ now: () => new Date(0) });
  const answer = await post(
    simulator,
    formOf([
      ...without("to"),
      ["to", '"Doe, Bob" <bob@example.com>, BOB@example.com'],
      ["to", "cy@example.com"],
      ["bcc", "dee@example.com"],
      ["html", "<p>x</p>"],
      ["o:tag", "a"],
      ["o:tag", "b"],
      ["o:deliverytime", "Thu, 01 Jan 1970 01:00:00 +0100"],
      ["o:suppress-headers", "X-Mailgun-Variables"],
      ["h:Reply-To", "re@example.com"],
      ["h:X-Order", "42"],
      ["v:carillon_message_id", "msg_1"],
      ["attachment", new Blob(["A"], { type: "text/plain" }), "a.txt"],
      ["inline", new Blob(["B"]), "logo"],
    ]),
    `https://api.eu.mailgun.net/v3/${euDomain}/messages`,
  );
  const { id, message } = JSON.parse(answer.body);
  expect([answer.status, message]).toEqual([200, "Queued. Thank you."]);
  expect(id).toMatch(new RegExp(`^<19700101000000\\.[0-9a-f]{16}@${euDomain}>$`));
  const [stored] = simulator.store.messages({}, 10).items;
  expect(stored).toMatchObject({
    messageId: "msg_1",
    providerMessageId: id.slice(1, -1),
    tags: ["a", "b"],
    sendAtMs: 0,
  });
  expect(simulator.store.message(stored!.id)?.content).toMatchObject({
    to: [{ email: "bob@example.com", name: "Doe, Bob" }, { email: "cy@example.com" }],
    bcc: [{ email: "dee@example.com" }],
    replyTo: [{ email: "re@example.com" }],
    headers: [["X-Order", "42"]],
    attachments: [
      { filename: "a.txt", contentType: "text/plain", base64: "QQ==" },
      { filename: "logo", contentType: "application/octet-stream", contentId: "logo", base64: "Qg==" },
    ],
  });
});

test("shows variables to the recipient, unless it is told not to", async () => {
  const simulator = createSimulator();
  await post(simulator, formOf([...mail, ["v:a", "1"]]));
  const [stored] = simulator.store.messages({}, 10).items;
  expect(simulator.store.message(stored!.id)?.content).toMatchObject({
    headers: [["X-Mailgun-Variables", '{"a":"1"}']],
  });
});

test("with recipient variables everybody gets a message of his own, with one id for all", async () => {
  const simulator = createSimulator();
  const answer = await post(
    simulator,
    formOf([
      ["from", "ada@example.com"],
      ["to", "bob@example.com"],
      ["to", "Cy@example.com"],
      ["subject", "Hi %recipient.name%"],
      ["text", "%recipient.other%"],
      ["v:carillon_message_id", "%recipient.id%"],
      ["recipient-variables", '{"bob@example.com":{"id":"msg_b","name":"Bob"},"cy@example.com":{"id":7,"name":"Cy"}}'],
    ]),
  );
  const items = simulator.store.messages({}, 10).items;
  expect(items.map(({ messageId, title, recipients }) => [messageId, title, recipients])).toEqual([
    ["7", "Hi Cy", ["cy@example.com"]],
    ["msg_b", "Hi Bob", ["bob@example.com"]],
  ]);
  expect(new Set(items.map(({ providerMessageId }) => `<${providerMessageId}>`))).toEqual(
    new Set([JSON.parse(answer.body).id]),
  );
});

test("signs timestamp and token of each delivery, beside the event", async () => {
  const { received, deliver } = receiver(500, 406);
  const now = new Date(1_700_000_000_000);
  const simulator = createSimulator({ webhookTarget: "http://app", deliver, now: () => now });
  await post(simulator, formOf([...without("to"), ["to", "bounced@simulator.test"], ["v:a", "1"]]));
  await simulator.settle();
  const bodies = received.map(({ body }) => JSON.parse(body));
  // The first was answered 500 and came again; what was answered 406 did not.
  expect(bodies.map((body) => body["event-data"].event)).toEqual(expect.arrayContaining(["accepted", "failed"]));
  expect(bodies).toHaveLength(3);
  expect(new Set(bodies.map((body) => body["event-data"].id)).size).toBe(2);
  expect(bodies.find((body) => body["event-data"].event === "failed")["event-data"]).toMatchObject({
    severity: "permanent",
    recipient: "bounced@simulator.test",
    "user-variables": { a: "1" },
    "delivery-status": { code: 550, "bounce-type": "hard" },
  });
  const key = await crypto.subtle.importKey("raw", utf8(webhookSigningKey), { name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ]);
  for (const { signature: signed } of bodies) {
    expect(signed.timestamp).toBe("1700000000");
    expect(signed.token).toMatch(/^[0-9a-f]{50}$/);
    const signature = Uint8Array.from(signed.signature.match(/../g), (digits: string) => Number.parseInt(digits, 16));
    expect(await crypto.subtle.verify("HMAC", key, signature, utf8(signed.timestamp + signed.token))).toBe(true);
  }
  expect(new Set(bodies.map(({ signature }) => signature.token)).size).toBe(3);
});
