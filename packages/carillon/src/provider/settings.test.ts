import { describe, expect, it } from "vitest";
import type { ProviderSettings } from "./settings.ts";

// What a provider's settings say that it reports is what its events, recorded or documented, say.

const settingsFiles = import.meta.glob<{ readonly settings: ProviderSettings }>("../providers/*/settings.ts", {
  eager: true,
});
const eventFiles = import.meta.glob<string>("../providers/*/fixtures/webhook/*/events.json", {
  eager: true,
  query: "?raw",
  import: "default",
});

const milestones = ["delivered", "opened", "clicked"];

/** The service worker that shows a push says so, in no webhook. */
const reportedOtherwise: Readonly<Record<string, readonly string[]>> = { webpush: ["delivered", "clicked"] };

/** `read` comes of WhatsApp and RCS, which are no text messages. */
const neverOfItsChannel: Readonly<Record<string, readonly string[]>> = { twilio: ["opened"] };

function reportedBy(id: string): readonly string[] {
  const types = Object.entries(eventFiles)
    .filter(([file]) => file.includes(`/providers/${id}/`))
    .flatMap(([, text]) => (JSON.parse(text) as readonly { readonly type: string }[]).map(({ type }) => type));
  const reported = [...types, ...(reportedOtherwise[id] ?? [])];
  return milestones.filter((one) => reported.includes(one) && !neverOfItsChannel[id]?.includes(one));
}

describe("how far a message is known to have got", () => {
  it.each(Object.values(settingsFiles).map(({ settings }) => settings))(
    "is said of $id as its events say it",
    (one) => {
      expect(one.reports).toEqual(reportedBy(one.id));
    },
  );
});
