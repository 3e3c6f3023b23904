import { expect, inject, it } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { compile } from "./compile.ts";

const { folder } = inject("consumer");

const modules = Object.fromEntries(codeBlocks("README.md", "ts").map(({ line, code }) => [`readme-${line}.ts`, code]));

/** Mistakes that the types must catch in a consumer, too: types that have fallen to `any` would let them through. */
const mistakes = {
  "mistakes.ts": `
    import { createNotifier } from "carillon";
    import { resend } from "carillon/providers/resend";
    // @ts-expect-error: a misspelt option
    resend({ apikey: "re_1" });
    // @ts-expect-error: a misspelt key of the configuration
    createNotifier({ email: [resend({ apiKey: "re_1" })], gaurd: "live" });
    const notifier = createNotifier({ email: [resend({ apiKey: "re_1" })] });
    // @ts-expect-error: a channel that has no provider
    void notifier.send({ channel: "sms", to: "+15005550006", text: "x" });
    // @ts-expect-error: a message without a subject
    void notifier.send({ channel: "email", from: "a@example.com", to: "b@example.com", text: "x" });
  `,
};

it("the README has examples to compile", () => {
  expect(Object.keys(modules)).not.toEqual([]);
});

// Declaration files are checked too, so nothing hides behind skipLibCheck.
it.each([
  ["a bundler", { module: "esnext", moduleResolution: "bundler" }],
  ["Node", { module: "nodenext", moduleResolution: "nodenext" }],
  [
    "the strictest options",
    {
      module: "preserve",
      moduleResolution: "bundler",
      exactOptionalPropertyTypes: true,
      verbatimModuleSyntax: true,
      isolatedModules: true,
      noPropertyAccessFromIndexSignature: true,
      noImplicitOverride: true,
    },
  ],
])("the README's examples compile for %s", (_, options) => {
  expect(compile(folder, { ...modules, ...mistakes }, options)).toEqual([]);
});
