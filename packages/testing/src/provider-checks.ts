import type {
  BatchItem,
  BuildContext,
  ChannelId,
  Message,
  OutboundRequest,
  Outcome,
  Provider,
  ProviderFailure,
  ProviderResponse,
  ProviderSettings,
} from "carillon";
import { CheckError, ensure, ensureSame, type Check } from "./check.ts";
import { type FixtureFiles, type FixtureFolder, foldersOf, refuseStrays } from "./fixture-folders.ts";
import { format, formatRequest, parseHttpFixture, responseOf } from "./http-fixture.ts";
import { ensureReading, failingStatuses, strangeAnswers } from "./strange-answers.ts";

export interface ProviderSuite<C extends ChannelId> {
  /** Makes the provider. Called anew for each check. */
  create(): Provider<C>;
  /** The secrets among its options: none may be seen in what is reported. */
  readonly secrets: readonly string[];
  readonly settings?: ProviderSettings<C> | undefined;
  /** Values for all the variables that `settings` name. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Found by `import.meta.glob("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true })`. */
  readonly fixtures: FixtureFiles;
  /** The provider documents a status that means "accepted" whatever the body says. */
  readonly statusAloneAccepts?: boolean | undefined;
  /** False where the provider's API has no place for our id of the message. @default true */
  readonly carriesMessageId?: boolean | undefined;
}

/** What `buildRequest` is given in every fixture. In a batch, `messageId` counts on: `msg_0001`, `msg_0002`, ... */
export const fixtureContext: BuildContext = {
  messageId: "msg_0001",
  idempotencyKey: "key_0001",
  now: new Date("2026-01-02T03:04:05.000Z"),
  token: undefined,
  random: (length) => Uint8Array.from({ length }, (_, i) => i),
};

const sendNames: readonly string[] = ["message.json", "request.http", "response.http", "result.json"];
const batchNames: readonly string[] = ["messages.json", "request.http", "response.http", "results.json"];

/** What `describeProvider` registers, for any test runner. README.md says what is checked. */
export function providerChecks<C extends ChannelId>(suite: ProviderSuite<C>): readonly Check[] {
  refuseStrays(suite.fixtures, ["send", "batch"]);
  const folders = foldersOf(suite.fixtures, "send", sendNames);
  const base = folders.find(({ files }) => sendNames.every((name) => files[name]) && isOk(files["result.json"]));
  if (base === undefined) {
    throw new CheckError("describeProvider needs a fixture send/<name>/ with all four files and an outcome that is ok");
  }
  const { settings } = suite;
  return [
    ...folders.flatMap((folder) => sendChecks(suite, folder, base)),
    ...foldersOf(suite.fixtures, "batch", batchNames).flatMap((folder) => batchChecks(suite, folder)),
    ...requestChecks(suite, base),
    ...answerChecks(suite, base),
    ...(settings ? settingsChecks(suite, settings) : []),
  ];
}

function check(name: string, run: () => Promise<void>): Check {
  return { name, run };
}

function isOk(text: string | undefined): boolean {
  return (JSON.parse(text ?? "null") as Partial<Outcome> | null)?.ok === true;
}

function contextOf(provider: Provider): BuildContext {
  return { ...fixtureContext, token: provider.authorize ? "token_0001" : undefined };
}

function textOf({ name, files }: FixtureFolder, file: string): string {
  const text = files[file];
  if (text === undefined) throw new CheckError(`${name} has no ${file}`);
  return text;
}

/**
 * The message that a provider is handed for an input, frozen.
 *
 * Errors: throws `CheckError` where the channel refuses the input.
 */
export function messageOf<C extends ChannelId>(provider: Provider<C>, input: unknown): Message<C> {
  const message = provider.channel.normalise(input);
  if ("ok" in message && message.ok === false) {
    throw new CheckError(`The channel refuses the message: ${message.field}: ${message.detail}`);
  }
  return deepFreeze(message as Message<C>);
}

/** A provider only reads what it is handed: writing to it throws here. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

async function build<C extends ChannelId>(suite: ProviderSuite<C>, folder: FixtureFolder): Promise<OutboundRequest> {
  const provider = suite.create();
  const message = messageOf(provider, JSON.parse(textOf(folder, "message.json")));
  return requestOf(await provider.buildRequest(message, contextOf(provider)));
}

function requestOf(built: OutboundRequest | ProviderFailure): OutboundRequest {
  if ("ok" in built) throw new CheckError(`The provider refuses the message: ${built.kind}: ${built.detail}`);
  return built;
}

async function ensureRequest(request: OutboundRequest, folder: FixtureFolder): Promise<void> {
  const expected = format(parseHttpFixture(textOf(folder, "request.http")));
  const actual = await formatRequest(request);
  if (actual !== expected) {
    throw new CheckError(`${folder.name}/request.http differs; the request is:\n${actual}`, { actual, expected });
  }
}

function sendChecks<C extends ChannelId>(
  suite: ProviderSuite<C>,
  folder: FixtureFolder,
  base: FixtureFolder,
): readonly Check[] {
  const { name, files } = folder;
  const has = (...names: readonly string[]): boolean => names.every((file) => files[file] !== undefined);
  const checks: Check[] = [];
  if (has("message.json", "request.http")) {
    checks.push(check(`${name}: makes the request`, async () => ensureRequest(await build(suite, folder), folder)));
  }
  if (has("response.http", "result.json")) {
    checks.push(
      check(`${name}: reads the answer`, async () => {
        const provider = suite.create();
        const message = messageOf(provider, JSON.parse(textOf(has("message.json") ? folder : base, "message.json")));
        const outcome = provider.readResponse(responseOf(parseHttpFixture(textOf(folder, "response.http"))), message);
        ensureSame(outcome, JSON.parse(textOf(folder, "result.json")), "result.json");
        ensureWithoutSecrets(suite, outcome);
      }),
    );
  } else if (has("message.json", "result.json") && !has("request.http")) {
    checks.push(
      check(`${name}: is refused before any request`, async () => {
        const provider = suite.create();
        const message = messageOf(provider, JSON.parse(textOf(folder, "message.json")));
        const built = await provider.buildRequest(message, contextOf(provider));
        ensure("ok" in built, "must be refused, and made a request");
        ensureSame(built, JSON.parse(textOf(folder, "result.json")), "result.json");
        ensureWithoutSecrets(suite, built);
      }),
    );
  } else if (has("response.http") || has("result.json")) {
    throw new CheckError(`send/${name}: response.http and result.json belong together`);
  }
  if (checks.length === 0) throw new CheckError(`send/${name} checks nothing: see the table of files in README.md`);
  return checks;
}

function batchChecks<C extends ChannelId>(suite: ProviderSuite<C>, folder: FixtureFolder): readonly Check[] {
  const { name } = folder;
  const prepare = (): { provider: Provider<C>; batch: NonNullable<Provider<C>["batch"]>; items: BatchItem<C>[] } => {
    const provider = suite.create();
    const { batch } = provider;
    if (batch === undefined) throw new CheckError(`batch/${name}: the provider has no batch`);
    const inputs = JSON.parse(textOf(folder, "messages.json")) as readonly unknown[];
    const items = inputs.map((input, i) => ({
      message: messageOf(provider, input),
      messageId: `msg_${String(i + 1).padStart(4, "0")}`,
    }));
    return { provider, batch, items };
  };
  const make = async (): Promise<OutboundRequest> => {
    const { provider, batch, items } = prepare();
    return requestOf(await batch.buildRequest(items, contextOf(provider)));
  };
  return [
    check(`${name}: makes one request of messages that belong together`, async () => {
      const { batch, items } = prepare();
      const keys = new Set(items.map(({ message }) => batch.groupKey(message)));
      ensure(keys.size === 1 && !keys.has(undefined), "all messages must have the same group key");
      ensure(items.length <= batch.maxMessages, "the batch is longer than the provider takes");
      const request = await make();
      await ensureRequest(request, folder);
      const text = await formatRequest(request);
      for (const { messageId } of items) ensure(text.includes(messageId), `the request must carry ${messageId}`);
      ensureSecretsListed(suite, request, text);
      ensureIdempotency(suite, text);
      ensureSame(await formatRequest(await make()), text, "the request when it is built again");
    }),
    check(`${name}: reads the answer`, async () => {
      const { batch, items } = prepare();
      const outcomes = batch.readResponse(responseOf(parseHttpFixture(textOf(folder, "response.http"))), items);
      ensureSame(outcomes, JSON.parse(textOf(folder, "results.json")), "results.json");
      ensureWithoutSecrets(suite, outcomes);
    }),
    check(`${name}: reads any answer without a throw, one outcome for each message`, async () => {
      const { batch, items } = prepare();
      const { status } = responseOf(parseHttpFixture(textOf(folder, "response.http")));
      for (const response of strangeAnswers([...failingStatuses, status])) {
        const outcomes = batch.readResponse(response, items);
        const all = "ok" in outcomes ? [outcomes] : outcomes;
        ensure("ok" in outcomes || all.length === items.length, "one outcome for each message, or one failure");
        for (const outcome of all) ensureReading(response, outcome, suite.statusAloneAccepts === true);
      }
    }),
  ];
}

function requestChecks<C extends ChannelId>(suite: ProviderSuite<C>, base: FixtureFolder): readonly Check[] {
  return [
    check("makes the same request when it is built again", async () => {
      const first = await formatRequest(await build(suite, base));
      ensureSame(await formatRequest(await build(suite, base)), first, "the request");
    }),
    check("carries our message id", async () => {
      const { carriesMessageId = true } = suite;
      const text = await formatRequest(await build(suite, base));
      ensure(
        text.includes(fixtureContext.messageId) === carriesMessageId,
        carriesMessageId ? "the request must carry the message id" : "the request carries the message id",
      );
    }),
    check("carries the idempotency key if and only if the provider honours one", async () => {
      ensureIdempotency(suite, await formatRequest(await build(suite, base)));
    }),
    check("lists the secrets of its request, and shows none itself", async () => {
      const request = await build(suite, base);
      ensureSecretsListed(suite, request, await formatRequest(request));
      ensureWithoutSecrets(suite, suite.create());
    }),
    check("writes header names in lower case, and no line break into a header", async () => {
      for (const [name, value] of Object.entries((await build(suite, base)).headers)) {
        ensure(name === name.toLowerCase(), `${name} must be in lower case`);
        ensure(!/[\r\n\0]/.test(value), `${name} must be one line`);
      }
    }),
  ];
}

function ensureIdempotency<C extends ChannelId>(suite: ProviderSuite<C>, text: string): void {
  const carried = text.includes(fixtureContext.idempotencyKey);
  const claimed = suite.create().idempotency !== undefined;
  ensure(carried === claimed, claimed ? "the key must be carried" : "a key is carried, and the provider claims none");
}

function ensureSecretsListed<C extends ChannelId>(
  suite: ProviderSuite<C>,
  { secrets }: OutboundRequest,
  text: string,
): void {
  for (const secret of suite.secrets) {
    ensure(!text.includes(secret) || secrets.includes(secret), "a secret of the request is missing from its `secrets`");
  }
}

function ensureWithoutSecrets<C extends ChannelId>(suite: ProviderSuite<C>, shown: unknown): void {
  const text = JSON.stringify(shown);
  for (const secret of suite.secrets) ensure(!text.includes(secret), "a secret is shown");
}

function answerChecks<C extends ChannelId>(suite: ProviderSuite<C>, base: FixtureFolder): readonly Check[] {
  const read = (response: ProviderResponse): Outcome => {
    const provider = suite.create();
    return provider.readResponse(response, messageOf(provider, JSON.parse(textOf(base, "message.json"))));
  };
  const { status } = responseOf(parseHttpFixture(textOf(base, "response.http")));
  return [
    check("calls a 2xx that says nothing known an unexpected response", async () => {
      // Where the documented status says it all, another 2xx does not.
      for (const response of strangeAnswers([suite.statusAloneAccepts ? 299 : status])) {
        const outcome = read(response);
        ensure(
          !outcome.ok && outcome.kind === "unexpected-response",
          `${response.status} with ${response.text}: must be unexpected-response`,
        );
      }
    }),
    check("reads error pages, empty bodies and cut JSON as failures, without a throw", async () => {
      for (const response of strangeAnswers(failingStatuses))
        ensureReading(response, read(response), suite.statusAloneAccepts === true);
    }),
  ];
}

function settingsChecks<C extends ChannelId>(suite: ProviderSuite<C>, settings: ProviderSettings<C>): readonly Check[] {
  const variables = suite.variables ?? {};
  const provider = suite.create();
  return [
    check("is made from its variables", async () => {
      const made = settings.send.create(variables);
      ensureSame([made.id, made.channel.id], [settings.id, settings.channel], "id and channel of what settings make");
      ensureSame([provider.id, provider.channel.id], [settings.id, settings.channel], "id and channel");
      for (const name of settings.send.required) ensure(name in variables, `variables lack ${name}`);
      ensure(settings.docs.startsWith("https://"), "docs must be a URL");
    }),
    ...(settings.receive
      ? [
          check("makes its receiver from its variables", async () => {
            ensureSame(settings.receive?.create(variables).id, settings.id, "the receiver's id");
          }),
        ]
      : []),
  ];
}
