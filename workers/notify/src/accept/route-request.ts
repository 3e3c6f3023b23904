import type { ChannelId } from "carillon";
import * as v from "valibot";
import { milestones } from "../dispatch/escalate.ts";
import { duration } from "./when.ts";

/** Most steps of a route. */
export const maxSteps = 10;

/** Most channels of all its steps together. */
export const maxParts = 16;

/** Most addresses of one person on one channel. */
export const maxAddressesEach = 20;

const maxProviders = 100;

export const channelIds = [
  "email",
  "sms",
  "slack",
  "discord",
  "webpush",
  "fcm",
] as const satisfies readonly ChannelId[];

export const channel: v.GenericSchema<ChannelId> = v.picklist(channelIds, `expected one of ${channelIds.join(", ")}`);

/** Provider ids that may carry it, in order of preference. */
export const providers: v.GenericSchema<unknown, readonly string[]> = v.pipe(
  v.array(v.unknown(), "expected a list of provider ids"),
  v.minLength(1, "expected at least one provider"),
  v.maxLength(maxProviders, `expected at most ${maxProviders} providers`),
  v.array(v.string("expected a provider's id")),
  v.check((ids) => new Set(ids).size === ids.length, "expected each provider once"),
);

const via = {
  channel: v.optional(channel),
  /** Instead of the request's content for the channel. */
  content: v.optional(v.record(v.string(), v.unknown(), "expected an object")),
  providers: v.optional(providers),
};

const step = v.strictObject(
  {
    ...via,
    /** Several channels at once, instead of one. */
    all: v.optional(
      v.pipe(
        v.array(v.unknown(), "expected a list of channels"),
        v.minLength(2, "expected at least two channels"),
        v.maxLength(maxParts, `expected at most ${maxParts} channels`),
        v.array(v.strictObject({ ...via, channel }, "expected an object")),
      ),
    ),
    /** Counted from when the step before was started. */
    after: v.optional(v.pipe(duration, v.minValue(1, "expected more than zero"))),
    unless: v.optional(v.picklist(milestones, `expected one of ${milestones.join(", ")}`)),
  },
  "expected an object",
);

/** One way after the other. */
export const route: v.GenericSchema<unknown, readonly v.InferOutput<typeof step>[]> = v.pipe(
  v.array(v.unknown(), "expected a list of steps"),
  v.minLength(1, "expected at least one step"),
  v.maxLength(maxSteps, `expected at most ${maxSteps} steps`),
  v.array(step),
);

export type RouteRequest = v.InferOutput<typeof route>;
export type StepRequest = RouteRequest[number];
