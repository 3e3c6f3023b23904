import type { WebhookSource } from "carillon";
import { ConfigurationError } from "carillon";
import { CheckError, ensure, ensureSame, type Check } from "./check.ts";
import { type FixtureFolder, foldersOf, refuseStrays } from "./fixture-folders.ts";
import { parseHttpFixture } from "./http-fixture.ts";
import { fieldNegatives } from "./webhook-fields.ts";
import {
  type Given,
  mustReject,
  offered,
  type OfferedSecret,
  placed,
  signed,
  type WebhookSuite,
} from "./webhook-given.ts";
import type { WebhookKey, WebhookParts } from "./webhook-keys.ts";
import { badCredentials, blanksOf, changedBytes, changedText, junk, misspelt, rotated } from "./webhook-negatives.ts";
import { ensureWellFormed, fixtureTime, mustAccept, mustBeRejected, receive } from "./webhook-trial.ts";

export type { OfferedSecret, WebhookSuite } from "./webhook-given.ts";

const fixtureNames: readonly string[] = ["request.http", "events.json", "clock.txt", "secret.txt"];

/** What `describeWebhook` registers, for any test runner. README.md says what is checked. */
export function webhookChecks<O>(suite: WebhookSuite<O>): readonly Check[] {
  refuseStrays(suite.fixtures, ["webhook"]);
  const folders = foldersOf(suite.fixtures, "webhook", fixtureNames);
  const [first] = folders;
  if (first === undefined) throw new CheckError("describeWebhook was given no fixture: look at the glob");
  const [key, other] = suite.keys;
  const given: Given<O> = { suite, key, unsigned: partsOf(first) };
  const scheme = suite.create(offered(key.option)).scheme;
  const covers = key.covers ?? scheme.covers;
  const toleranceSeconds = key.toleranceSeconds ?? scheme.toleranceSeconds;
  return [
    check("says of its scheme what the signature covers", async () => ensureSame(scheme.covers, covers, "covers")),
    ...folders.map((folder) => golden(suite, folder)),
    ...(covers === "nothing" ? credentialNegatives(given) : signatureNegatives(given, toleranceSeconds)),
    ...(covers === "body" ? folders.filter(isRecorded).map((folder) => bodyNegative(suite, folder)) : []),
    ...(covers === "body" ? [bodyNegative(suite, first)] : []),
    ...(covers === "fields" ? fieldNegatives(given, key.replayGuard ?? scheme.replayKey !== undefined) : []),
    check("rejects another secret", async () => {
      await mustReject(given, await signed(other, given.unsigned), "signed with another secret");
    }),
    check("rejects a request without signature", async () => {
      await mustReject(given, given.unsigned, "unsigned");
    }),
    ...blanksOf(key.option).map(([what, option]) =>
      check(`refuses to be made with ${what}`, async () => mustNotBeMade(suite, option, what)),
    ),
    ...rotation(given, other),
    ...Object.entries(junk).map(([what, body]) => junkCheck(given, what, body)),
  ];
}

function check(name: string, run: () => Promise<void>): Check {
  return { name, run };
}

function isRecorded({ files }: FixtureFolder): boolean {
  return files["secret.txt"] !== undefined;
}

function partsOf({ name, files }: FixtureFolder): WebhookParts {
  const text = files["request.http"];
  if (text === undefined) throw new CheckError(`webhook/${name} has no request.http`);
  const { start, headers, body } = parseHttpFixture(text);
  const [method, url] = start.split(" ");
  if (!method || !url) throw new CheckError(`webhook/${name}: not the first line of a request: ${start}`);
  return { method, url, headers, body };
}

function clockOf({ files }: FixtureFolder): Date {
  const text = files["clock.txt"]?.trim();
  return text === undefined ? fixtureTime : new Date(text);
}

/** A receiver, and a request that it must accept, for one fixture. */
async function prepared<O>(
  suite: WebhookSuite<O>,
  folder: FixtureFolder,
): Promise<{ readonly source: WebhookSource; readonly parts: WebhookParts; readonly now: Date }> {
  const now = clockOf(folder);
  const secret = folder.files["secret.txt"]?.trim();
  const parts = partsOf(folder);
  if (secret !== undefined) return { source: suite.create(offered(secret as O)), parts, now };
  return { source: suite.create(offered(suite.keys[0].option)), parts: await signed(suite.keys[0], parts, now), now };
}

function golden<O>(suite: WebhookSuite<O>, folder: FixtureFolder): Check {
  return check(`${folder.name}: is accepted and means its events`, async () => {
    const expected = folder.files["events.json"];
    if (expected === undefined) throw new CheckError(`webhook/${folder.name} has no events.json`);
    const { source, parts, now } = await prepared(suite, folder);
    const { events } = await mustAccept(source, parts, folder.name, now);
    ensureSame(events.map(withoutRaw), JSON.parse(expected), "events.json");
    const again = await mustAccept(source, parts, `${folder.name}, repeated`, now);
    ensureSame(again.events, events, "what the same webhook means when it is repeated");
    ensureWellFormed(source, events);
  });
}

function withoutRaw(event: unknown): unknown {
  const { raw, ...rest } = event as { readonly raw: unknown };
  ensure(raw !== undefined, "an event keeps what arrived in `raw`");
  return rest;
}

function bodyNegative<O>(suite: WebhookSuite<O>, folder: FixtureFolder): Check {
  return check(`${folder.name}: is rejected with any byte of its body changed`, async () => {
    const { source, parts, now } = await prepared(suite, folder);
    await mustAccept(source, parts, "the unchanged body", now);
    for (const [position, body] of changedBytes(parts.body)) {
      mustBeRejected(await receive(source, { ...parts, body }, now), `byte ${position} of the body changed`);
    }
    for (const [what, body] of [
      ["cut by a byte", parts.body.slice(0, -1)],
      ["longer by a newline", Uint8Array.from([...parts.body, 0x0a])],
      ["empty", new Uint8Array()],
    ] as const) {
      if (body.length !== parts.body.length) {
        mustBeRejected(await receive(source, { ...parts, body }, now), `body ${what}`);
      }
    }
  });
}

function signatureNegatives<O>(given: Given<O>, toleranceSeconds: number | undefined): readonly Check[] {
  const { key, unsigned } = given;
  /** Runs over the parts of the proof, with what makes the request anew with another one, or without any. */
  const eachPart = async (
    run: (name: string, value: string, remade: (value?: string) => WebhookParts | undefined) => Promise<void>,
  ): Promise<void> => {
    const proof = await key.sign(unsigned, fixtureTime);
    const headers = Object.fromEntries(Object.entries(unsigned.headers).filter(([name]) => !(name in proof)));
    for (const [name, value] of Object.entries(proof)) {
      const { [name]: _, ...rest } = proof;
      await run(name, value, (other) =>
        placed(key, { ...unsigned, headers }, other === undefined ? rest : { ...rest, [name]: other }),
      );
    }
  };
  return [
    check("rejects any character of the signature's headers changed", () =>
      eachPart(async (name, value, remade) => {
        for (const [position, text] of changedText(value)) {
          await mustReject(given, remade(text), `character ${position} of ${name} changed`);
        }
      }),
    ),
    check("rejects the signature in another spelling", () =>
      eachPart(async (name, value, remade) => {
        for (const text of misspelt(value)) {
          await mustReject(given, remade(text), `${name} spelled in another way`);
        }
      }),
    ),
    check("rejects a request that lacks one of the signature's headers", () =>
      eachPart(async (name, _, remade) => {
        await mustReject(given, remade(), `without ${name}`);
      }),
    ),
    check("rejects an empty or truncated signature", () =>
      eachPart(async (name, value, remade) => {
        for (const text of ["", value.slice(0, 1), value.slice(0, value.length >> 1), value.slice(0, -1)]) {
          if (text === value) continue;
          await mustReject(given, remade(text), `${name} cut to ${text.length} characters`);
        }
      }),
    ),
    ...(toleranceSeconds === undefined
      ? [check("accepts a signature of any age", () => ages(given, [-30 * 86_400, 86_400], true))]
      : [
          check("rejects a signature that is too old", () => ages(given, [-toleranceSeconds - 1], false)),
          check("rejects a signature from too far ahead", () => ages(given, [toleranceSeconds + 1], false)),
          check("accepts a signature within the tolerance", () =>
            ages(given, [1 - toleranceSeconds, toleranceSeconds - 1], true),
          ),
        ]),
    ...several(given),
  ];
}

async function ages<O>(given: Given<O>, offsets: readonly number[], accepted: boolean): Promise<void> {
  for (const offset of offsets) {
    const at = new Date(fixtureTime.getTime() + offset * 1000);
    const parts = await signed(given.key, given.unsigned, at);
    const what = `signed for ${offset} seconds from now`;
    if (accepted) await mustAccept(given.suite.create(offered(given.key.option)), parts, what);
    else ensureSame((await mustReject(given, parts, what)).reason, "stale", `the reason when ${what}`);
  }
}

function several<O>(given: Given<O>): readonly Check[] {
  const { suite, key, unsigned } = given;
  const { combine, signatureHeader = "" } = key;
  if (!combine) return [];
  const withSignature = (parts: WebhookParts, value: string): WebhookParts => ({
    ...parts,
    headers: { ...parts.headers, [signatureHeader]: value },
  });
  return [
    check("accepts several signatures of which one is right, and rejects several wrong ones", async () => {
      const parts = await signed(key, unsigned);
      const right = parts.headers[signatureHeader] ?? "";
      const wrong = (await signed(suite.keys[1], unsigned)).headers[signatureHeader] ?? "";
      for (const values of [
        [wrong, right],
        [right, wrong],
        ["v9,AAAA", wrong, right],
      ]) {
        await mustAccept(
          suite.create(offered(key.option)),
          withSignature(parts, combine(values)),
          "one right of several",
        );
      }
      await mustReject(given, withSignature(parts, combine([wrong, wrong])), "several wrong signatures");
    }),
  ];
}

function credentialNegatives<O>(given: Given<O>): readonly Check[] {
  return [
    check("rejects every credential but the right one", async () => {
      const parts = await signed(given.key, given.unsigned);
      for (const [name, value] of Object.entries(await given.key.sign(given.unsigned, fixtureTime))) {
        const { [name]: _, ...rest } = parts.headers;
        for (const [what, wrong] of badCredentials(value)) {
          await mustReject(given, { ...parts, headers: { ...rest, [name]: wrong } }, what);
        }
        await mustReject(given, { ...parts, headers: { ...rest, [`x-${name}`]: value } }, "in another header");
      }
    }),
  ];
}

async function mustNotBeMade<O>(suite: WebhookSuite<O>, option: unknown, what: string): Promise<void> {
  try {
    suite.create(offered(option as O));
  } catch (error) {
    ensure(
      error instanceof ConfigurationError || (error as { code?: unknown }).code === "ERR_CARILLON_CONFIGURATION",
      `${what} must be refused with a ConfigurationError`,
    );
    return;
  }
  throw new CheckError(`${what} must be refused when the receiver is made`);
}

function rotation<O>({ suite, key, unsigned }: Given<O>, other: WebhookKey<O>): readonly Check[] {
  const both = rotated(other.option, key.option);
  if (both === undefined) return [];
  return [
    check("accepts either secret while both are configured", async () => {
      for (const each of [key, other]) {
        await mustAccept(suite.create(both as OfferedSecret<O>), await signed(each, unsigned), "one of two secrets");
      }
    }),
  ];
}

function junkCheck<O>(given: Given<O>, what: string, body: Uint8Array<ArrayBuffer>): Check {
  const { suite, key, unsigned } = given;
  const parts = { ...unsigned, body };
  if (placed(key, parts, {}) === undefined) {
    return check(`rejects ${what}, which has no place for a signature`, async () => {
      await mustReject(given, parts, what);
    });
  }
  return check(`parses ${what} to a list of events when it is signed`, async () => {
    const source = suite.create(offered(key.option));
    const { events } = await mustAccept(source, await signed(key, parts), what);
    ensureWellFormed(source, events);
  });
}
