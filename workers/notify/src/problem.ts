import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";

export interface FieldError {
  /** Path as the caller spells it: `content.attachments.0.filename`. */
  readonly field: string;
  readonly detail: string;
}

export interface Problem {
  readonly status: ContentfulStatusCode;
  /** Last part of the problem's type URI, stable: what a client branches on. */
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  /** Further members, as RFC 9457 allows them: what a client can go on with. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** RFC 9457 problem details. The type is a relative reference into this project's documentation. */
export function problemResponse(problem: Problem): Response {
  const { status, code, title, detail, errors, members, headers } = problem;
  return new Response(JSON.stringify({ ...members, type: `/problems/${code}`, title, status, detail, errors }), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}

/** Ends the request with a problem; thrown, so that a check can stand anywhere. */
export function refusal(problem: Problem): HTTPException {
  return new HTTPException(problem.status, { res: problemResponse(problem) });
}

/** Of one answer; the rest is likely to be wrong in the same way. */
export const maxErrors = 100;

export function invalid(all: readonly FieldError[]): HTTPException {
  const errors = all.slice(0, maxErrors);
  return refusal({
    status: 422,
    code: "invalid-request",
    title: "The request is not valid.",
    detail: errors.map(({ field, detail }) => `${field}: ${detail}`).join("; "),
    errors,
  });
}

export function notFound(what: string): HTTPException {
  return refusal({ status: 404, code: "not-found", title: `There is no such ${what}.` });
}
