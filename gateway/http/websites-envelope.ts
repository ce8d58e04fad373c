import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { TopicsFailed } from '../../storage/topics/topics-failed.ts'
import type { Envelope } from './envelope.ts'
import { InvalidRequest } from './validation.ts'
import { type WebsiteReason, websiteReasonOf, websiteRefusals } from './websites-refusals.ts'

const refusal = (reason: WebsiteReason, detail?: string) => {
  const { code, message } = websiteRefusals[reason]
  return { code, message: detail === undefined ? message : `${message}: ${detail}`, data: null }
}

/** Everything under /api/v1/websites: `{code, message, data}`; code is 0 on success, data null on a refusal. */
export const websitesEnvelope: Envelope = {
  success: (data = null) => ({ code: 0, message: 'ok', data }),
  refusal: (reason, detail) => refusal(websiteReasonOf(reason), detail),
  internal: 'internal_error',
}

export const refuseWebsite = (reply: FastifyReply, reason: WebsiteReason, detail?: string): FastifyReply =>
  reply.code(websiteRefusals[reason].status).send(refusal(reason, detail))

/** Errors and unknown routes of this context are answered in the envelope. */
export function answerInWebsitesEnvelope(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof InvalidRequest) return refuseWebsite(reply, reasonOf(error), error.message)
    const status = error.statusCode ?? 500
    if (status >= 400 && status < 500) return refuseWebsite(reply, 'bad_request', error.message)
    request.log.error(
      { err: error, method: request.method, route: request.routeOptions.url },
      'a request failed',
    )
    if (error instanceof TopicsFailed)
      return refuseWebsite(reply, error.kind === 'busy' ? 'database_busy' : 'database_failed')
    return refuseWebsite(reply, 'internal_error')
  })
  app.setNotFoundHandler((_request, reply) => refuseWebsite(reply, 'path_not_found'))
}

/** Missing is a value of which zod says that it received none, and the fault of a body that is not of its parts. */
const reasonOf = ({ issues }: InvalidRequest): WebsiteReason =>
  issues.some(({ path, message }) => path.length === 0 || message.endsWith('received undefined'))
    ? 'missing_parameter'
    : 'bad_parameter'
