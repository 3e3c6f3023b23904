import { evidenceOrder, isFailing, statusOrder } from "carillon";

/** Ranks by the tables that the SDK's two joins are made of. */
const rankOf = (column: string, order: readonly string[]): string =>
  `CASE ${column} ${order.map((one, rank) => `WHEN '${one}' THEN ${rank}`).join(" ")} END`;

/** The rank in {@link statusOrder} of what has a rank in {@link evidenceOrder}. */
const statusRank = `CASE strongest ${evidenceOrder.map((one, rank) => `WHEN ${rank} THEN ${statusOrder.indexOf(one)}`).join(" ")} END`;

const nameOfBest = `CASE best ${statusOrder.map((one, rank) => `WHEN ${rank} THEN '${one}'`).join(" ")} END`;

/** Failing evidence is the worst, so that one number parts it from the rest. */
const failing = statusOrder.filter(isFailing).length;

/**
 * A message's status as SQL over the columns of `message`: what `statusOf` (evidence.ts) makes of a row, from the same tables, for
 * whole tables at once. A property test holds the two together.
 */
export const statusInSql: string = `(
  WITH told AS (
    SELECT key, value AS known, key LIKE '?%' AS is_told,
           CASE WHEN key LIKE '?%' THEN substr(key, 2) ELSE substr(key, instr(key || ' ', ' ') + 1) END AS rest
    FROM json_each(message.evidence)
  ),
  named AS (
    SELECT known, is_told,
           substr(rest, 1, instr(rest || ' ', ' ') - 1) AS provider,
           CASE instr(rest, ' ') WHEN 0 THEN NULL ELSE substr(rest, instr(rest, ' ') + 1) END AS id,
           CASE WHEN is_told THEN NULL ELSE CAST(key AS INTEGER) END AS number
    FROM told
  ),
  -- One attempt, one name: a number where one was accepted, else what a provider calls it.
  placed AS (
    SELECT known, coalesce(
      number,
      CASE WHEN id IS NULL OR message.unknown_tries = 0 THEN
        (SELECT min(a.number) FROM named AS a WHERE a.number IS NOT NULL AND a.provider IN (named.provider, ''))
      END,
      provider || ' ' || coalesce(id, '')
    ) AS attempt
    FROM named
  ),
  joined AS (
    SELECT max(${rankOf("address.value", evidenceOrder)}) AS strongest
    FROM placed, json_each(placed.known) AS address
    WHERE address.value IS NOT NULL
    GROUP BY attempt, address.key
  )
  SELECT CASE
    WHEN best IS NULL OR (best < ${failing} AND (due_at IS NOT NULL OR (chunk IS NOT NULL AND place = 'queued')))
    THEN CASE place WHEN 'done' THEN 'sent' ELSE place END
    ELSE ${nameOfBest} END
  FROM (SELECT max(${statusRank}) AS best FROM joined)
)`;
