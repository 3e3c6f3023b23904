import type { Endpoint } from "../directory/endpoints.ts";
import { randomToken } from "../ids.ts";
import type { Payload } from "./payload.ts";
import { postWebhook } from "./post.ts";
import type { UrlPolicy } from "./url.ts";

/** Of the answer, which a person reads. */
const shownChars = 1_000;

export interface TestResult {
  readonly ok: boolean;
  /** What was sent, and signed. */
  readonly sent: Payload;
  readonly durationMs: number;
  readonly status?: number | undefined;
  readonly failure?: string | undefined;
  /** The answer's first 1,000 characters. */
  readonly body?: string | undefined;
}

/** Posts an event that stands for no other, signed and checked as they all are. It is kept nowhere and tried once. */
export async function testEndpoint(endpoint: Endpoint, policy: UrlPolicy): Promise<TestResult> {
  const sent: Payload = {
    id: `evt_test_${randomToken(16)}`,
    type: "endpoint.test",
    createdAt: new Date().toISOString(),
    data: { endpointId: endpoint.id },
  };
  const request = { id: sent.id, body: JSON.stringify(sent) };
  const { ok, durationMs, status, failure, body } = await postWebhook(endpoint, request, policy, {
    readChars: shownChars,
  });
  return { ok, sent, durationMs, status, failure, body };
}
