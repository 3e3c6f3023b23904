import type { Endpoint } from "../directory/endpoints.ts";
import { eventId } from "../endpoints/event-id.ts";
import type { ListedDelivery } from "../ledger/delivery-list.ts";
import { iso } from "./views.ts";

/** An endpoint as the API shows it: its secrets by their ends alone. */
export function endpointView(endpoint: Endpoint): Record<string, unknown> {
  const { id, url, description, types, secrets, createdAt, disabledAt, disabledBecause, failingSince } = endpoint;
  const ends = secrets.flatMap(({ until }) => (until === null || until <= Date.now() ? [] : iso(until)));
  return {
    id,
    url,
    description,
    types,
    status: disabledAt === undefined ? "enabled" : "disabled",
    ...disabledView({ disabledAt, disabledBecause }),
    failingSince: failingSince === undefined ? undefined : iso(failingSince),
    oldSecretsValidUntil: ends.length === 0 ? undefined : ends,
    createdAt: iso(createdAt),
  };
}

export function disabledView({
  disabledAt,
  disabledBecause,
}: Pick<Endpoint, "disabledAt" | "disabledBecause">): Record<string, unknown> {
  return disabledAt === undefined ? {} : { disabledAt: iso(disabledAt), disabledBecause };
}

export function deliveryView(shard: number, delivery: ListedDelivery): Record<string, unknown> {
  const { type, at, state, tries, dueAt, answers } = delivery;
  return {
    id: eventId(shard, delivery),
    type,
    createdAt: iso(at),
    status: state,
    tries,
    nextTryAt: dueAt === undefined ? undefined : iso(dueAt),
    answers: answers.map((answer) => ({ ...answer, at: iso(answer.at) })),
  };
}
