import { newsletter } from "./demonstrated-content.ts";
import type { MessageView, ServiceApi, SimulatorApi } from "./api.ts";
import { tinted, toneOf } from "./terminal.ts";

/** How a provider may report: at once and in order, or late, everything twice, and in another order. */
const manners = {
  orderly: { delayMs: 0, duplicate: false, shuffle: false },
  disorderly: { delayMs: 300, duplicate: true, shuffle: true },
} as const;

type Manner = keyof typeof manners;

/** Somebody who is written to through one provider, and what becomes of it. */
interface Reader {
  readonly provider: string;
  /** Of the simulator: what stands at the beginning of an address. */
  readonly outcome: string;
  readonly channel: "email" | "sms";
  readonly to: string;
}

interface Ended {
  readonly status: string;
  /** What was told of it: a repetition is none. */
  readonly events: readonly string[];
  readonly suppressed: boolean;
}

export interface DisorderScene {
  readonly service: ServiceApi;
  readonly simulator: SimulatorApi;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

const emailProviders = ["resend", "sendgrid", "postmark", "mailgun", "ses"] as const;
const emailOutcomes = ["clicked", "deferred", "bounced", "complained"] as const;

/** Numbers are few, and one that is suppressed stays so: what is sent to these suppresses none. */
const numbers = { delivered: "+15005550010", deferred: "+15005550013" } as const;

const pollMs = 100;
const patienceMs = 20_000;

/**
 * The same messages twice: through each provider that reports, first reported as they should be, then late, twice and
 * shuffled. Prints both ends of each, and answers where they differ.
 */
export async function compareManners(scene: DisorderScene): Promise<readonly string[]> {
  const { print } = scene;
  const run = Date.now().toString(36).slice(-5);
  print("");
  print(tinted("strong", "Reported late, twice and out of order: the same statuses and suppressions"));
  const ends = {} as Record<Manner, readonly Ended[]>;
  try {
    for (const manner of Object.keys(manners) as Manner[]) {
      await scene.simulator.putSettings(manners[manner]);
      ends[manner] = await Promise.all(readers(`${manner}-${run}`).map((reader) => endOf(scene, reader)));
    }
  } catch (error) {
    scene.signal.throwIfAborted();
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    await scene.simulator.putSettings({});
  }
  const differences = readers(run).flatMap(({ provider, outcome }, index) => {
    const [orderly, disorderly] = [ends.orderly[index]!, ends.disorderly[index]!];
    const [first, second] = [shownOf(orderly), shownOf(disorderly)];
    const isSame = first === second;
    const columns = `${" ".repeat(9)}  ${provider.padEnd(12)}  ${outcome.padEnd(12)}`;
    print(
      `${columns}  ${tinted(isSame ? toneOf(disorderly.status) : "bad", isSame ? first : `${first}, then ${second}`)}`,
    );
    return isSame ? [] : [`${provider}, ${outcome}: should end ${first}, ended ${second}`];
  });
  return differences;
}

function readers(label: string): readonly Reader[] {
  const emails = emailProviders.flatMap((provider) =>
    emailOutcomes.map((outcome): Reader => {
      const to = `${outcome}+${provider}-${label}@simulator.test`;
      return { provider, outcome, channel: "email", to };
    }),
  );
  const texts = Object.entries(numbers).map(([outcome, to]): Reader => ({
    provider: "twilio",
    outcome,
    channel: "sms",
    to,
  }));
  return [...emails, ...texts];
}

function shownOf({ status, events, suppressed }: Ended): string {
  return `${status.padEnd(12)}  ${events.join(", ")}${suppressed ? "; its address suppressed" : ""}`;
}

/** Sends one, and waits until all of its webhooks are delivered and have had their effects. */
async function endOf(scene: DisorderScene, { provider, channel, to }: Reader): Promise<Ended> {
  const { service, simulator } = scene;
  const content = channel === "email" ? newsletter : { text: newsletter["text"] };
  const accepted = await service.post({ channel, to, content, providers: [provider] });
  const id = accepted.messages[0]?.id ?? "";
  await until(scene, async () => (await simulator.undelivered(id)) === 0, `the webhooks of ${provider} to come`);
  const view = await service.message(id);
  const suppresses = view.status === "bounced" || view.status === "complained";
  const isSuppressed = async (): Promise<boolean> => (await service.suppressingMessages()).includes(id);
  if (suppresses) await until(scene, isSuppressed, `the address of ${provider} to be suppressed`);
  return { status: view.status, events: eventsOf(view), suppressed: await isSuppressed() };
}

function eventsOf({ timeline }: MessageView): readonly string[] {
  const types = timeline.flatMap(({ kind, type }) => (kind === "event" && type !== undefined ? type : []));
  return types.toSorted();
}

async function until({ signal }: DisorderScene, isSo: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isSo())) {
    signal.throwIfAborted();
    if (Date.now() > deadline) throw new Error(`Waited ${patienceMs / 1000} s for ${what}, in vain`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
