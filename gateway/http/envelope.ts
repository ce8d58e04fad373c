import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { type HttpReason, httpRefusals, isHttpReason } from './refusals.ts'
import { InvalidRequest } from './validation.ts'

/** How a family of routes wraps its answers. */
export interface Envelope {
  success(data?: unknown): object
  refusal(reason: HttpReason, detail?: string): object
  /** What an unexpected failure is called in this family. */
  readonly internal: HttpReason
}

/** Accounts: `Result {ok, code, message, data?, ts}`; code is 0 or the status times 100, ts is in ms. */
export const resultEnvelope: Envelope = {
  success: data => ({
    ok: true,
    code: 0,
    message: 'ok',
    ...(data !== undefined && { data }),
    ts: Date.now(),
  }),
  refusal: (reason, detail) => ({
    ok: false,
    code: httpRefusals[reason].status * 100,
    message: detail === undefined ? reason : `${reason}: ${detail}`,
    ts: Date.now(),
  }),
  internal: 'internal_error',
}

/** Everything under /api: `{success, errCode, errMessage[, data]}`, both null on success. */
export const restEnvelope: Envelope = {
  success: data => ({ success: true, errCode: null, errMessage: null, ...(data !== undefined && { data }) }),
  refusal: (reason, detail) => ({
    success: false,
    errCode: httpRefusals[reason].errCode,
    errMessage: detail ?? httpRefusals[reason].message,
  }),
  internal: 'internal_error',
}

export const refuse = (
  reply: FastifyReply,
  envelope: Envelope,
  reason: HttpReason,
  detail?: string,
): FastifyReply => reply.code(httpRefusals[reason].status).send(envelope.refusal(reason, detail))

/** Errors and unknown routes of this context, and of those inside it, are answered in the envelope. */
export function answerIn(envelope: Envelope, app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof InvalidRequest) return refuse(reply, envelope, reasonOf(error), error.message)
    // Fastify's own refusals (bodies that are too large, no JSON, …) are about the request, whatever their status.
    const status = error.statusCode ?? 500
    if (status >= 400 && status < 500) return refuse(reply, envelope, 'bad_request', error.message)
    request.log.error(
      { err: error, method: request.method, route: request.routeOptions.url },
      'a request failed',
    )
    return refuse(reply, envelope, envelope.internal)
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, envelope, 'not_found'))
}

/** A schema may name, as a field's message, the refusal it stands for. */
const reasonOf = (error: InvalidRequest): HttpReason =>
  error.issues.map(issue => issue.message).find(isHttpReason) ?? 'bad_request'
