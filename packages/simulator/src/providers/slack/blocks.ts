import * as v from "valibot";
import type { JsonObject } from "../../message.ts";

// Sources: https://docs.slack.dev/reference/block-kit/blocks, /block-elements, /composition-objects; npm @slack/types 3.2.0.
// Of blocks and elements that are not listed here only ids are checked.

const upTo = (max: number): v.GenericSchema<unknown, string> => v.pipe(v.string(), v.nonEmpty(), v.maxLength(max));
const optionalUpTo = (max: number): v.GenericSchema<unknown, string | undefined> => v.optional(upTo(max));

function plainText(max: number): v.GenericSchema {
  return v.strictObject({ type: v.literal("plain_text"), text: upTo(max), emoji: v.optional(v.boolean()) });
}

function anyText(max: number): v.GenericSchema {
  const mrkdwn = v.strictObject({ type: v.literal("mrkdwn"), text: upTo(max), verbatim: v.optional(v.boolean()) });
  return v.union([plainText(max), mrkdwn]);
}

const confirm = v.optional(
  v.strictObject({
    title: plainText(100),
    text: anyText(300),
    confirm: plainText(30),
    deny: plainText(30),
    style: v.optional(v.picklist(["primary", "danger"])),
  }),
);
const option = v.strictObject({
  text: anyText(75),
  value: optionalUpTo(150),
  description: v.optional(anyText(75)),
  url: optionalUpTo(3000),
});
const options = (max: number): v.GenericSchema => v.pipe(v.array(option), v.minLength(1), v.maxLength(max));
const actionId = optionalUpTo(255);

const select = v.looseObject({
  action_id: actionId,
  options: v.optional(options(100)),
  option_groups: v.optional(
    v.pipe(v.array(v.strictObject({ label: plainText(75), options: options(100) })), v.maxLength(100)),
  ),
  confirm,
});
const choices = v.looseObject({ action_id: actionId, options: options(10), confirm });
const image = v.looseObject({ alt_text: upTo(2000), image_url: optionalUpTo(3000) });

const elements: Readonly<Record<string, v.GenericSchema>> = {
  button: v.strictObject({
    type: v.literal("button"),
    text: plainText(75),
    action_id: actionId,
    url: optionalUpTo(3000),
    value: optionalUpTo(2000),
    style: v.optional(v.picklist(["primary", "danger"])),
    confirm,
    accessibility_label: optionalUpTo(75),
  }),
  overflow: v.looseObject({ action_id: actionId, options: options(5), confirm }),
  checkboxes: choices,
  radio_buttons: choices,
  static_select: select,
  multi_static_select: select,
  image,
};

/** Checked by what its `type` says it is. */
function byType(known: Readonly<Record<string, v.GenericSchema>>): v.GenericSchema {
  const typed = v.looseObject({ type: v.pipe(v.string(), v.nonEmpty()) });
  return v.lazy((input) => {
    const type: unknown = typeof input === "object" && input !== null && "type" in input ? input.type : undefined;
    return (typeof type === "string" && Object.hasOwn(known, type) && known[type]) || typed;
  });
}

const element = byType(elements);
const elementList = (max: number): v.GenericSchema => v.pipe(v.array(element), v.minLength(1), v.maxLength(max));
const blockId = optionalUpTo(255);

const section = v.pipe(
  v.strictObject({
    type: v.literal("section"),
    block_id: blockId,
    text: v.optional(anyText(3000)),
    fields: v.optional(v.pipe(v.array(anyText(2000)), v.minLength(1), v.maxLength(10))),
    accessory: v.optional(element),
    expand: v.optional(v.boolean()),
  }),
  v.check(({ text, fields }) => text !== undefined || fields !== undefined, "text or fields"),
);

const block = byType({
  section,
  header: v.strictObject({ type: v.literal("header"), block_id: blockId, text: plainText(150) }),
  divider: v.strictObject({ type: v.literal("divider"), block_id: blockId }),
  context: v.strictObject({
    type: v.literal("context"),
    block_id: blockId,
    elements: v.pipe(v.array(byType({ mrkdwn: anyText(3000), plain_text: plainText(3000), image })), v.maxLength(10)),
  }),
  actions: v.strictObject({ type: v.literal("actions"), block_id: blockId, elements: elementList(25) }),
  image: v.looseObject({ ...image.entries, block_id: blockId, title: v.optional(plainText(2000)) }),
  markdown: v.strictObject({ type: v.literal("markdown"), block_id: blockId, text: upTo(12_000) }),
  table: v.looseObject({
    block_id: blockId,
    rows: v.pipe(v.array(v.pipe(v.array(v.unknown()), v.maxLength(20))), v.maxLength(100)),
  }),
  video: v.looseObject({ block_id: blockId, alt_text: upTo(200), title: plainText(200) }),
});

const maxMarkdown = 12_000;

export const blocksSchema: v.GenericSchema<unknown, JsonObject[]> = v.pipe(
  v.array(block as v.GenericSchema<unknown, JsonObject>),
  v.maxLength(50),
  v.check(
    (blocks) =>
      blocks.flatMap(({ type, text }) => (type === "markdown" ? [text as string] : [])).join("").length <= maxMarkdown,
    "markdown of at most 12,000 characters",
  ),
);
