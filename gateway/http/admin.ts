import { isUtf8 } from 'node:buffer'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditedEvent, AuditStore, DeadLetterRow } from '../../storage/audit-store.ts'
import { hasRole } from '../auth/tokens.ts'
import { type Admin, type DeadLetters, senderOf } from '../dead-letters.ts'
import {
  auditData,
  auditQuery,
  deadLettersData,
  deadLettersQuery,
  letterParams,
  replayData,
} from './admin-schemas.ts'
import { sessionOf } from './authenticate.ts'
import { refuse, restEnvelope } from './envelope.ts'
import type { ZodApp } from './validation.ts'

export interface AdminRoutes {
  readonly audit: Pick<AuditStore, 'list'>
  readonly deadLetters: Pick<DeadLetters, 'list' | 'replay' | 'drop'>
}

const { success } = restEnvelope

/** For tokens with the role `admin`: what has happened, and what could not be saved. */
export function addAdminRoutes(api: ZodApp, parts: AdminRoutes): void {
  const routes = async (app: ZodApp) => {
    app.addHook('onRequest', adminsOnly)
    addAudit(app, parts)
    addDeadLetters(app, parts)
  }
  api.register(routes, { prefix: '/admin' })
}

async function adminsOnly(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  return hasRole(sessionOf(request), 'admin') ? undefined : refuse(reply, restEnvelope, 'admins_only')
}

function addAudit(app: ZodApp, { audit }: AdminRoutes): void {
  app.get(
    '/audit',
    {
      schema: { querystring: auditQuery },
      config: { summary: 'Audit events, newest first', data: auditData },
    },
    async request => {
      const { userId: user, byId: by, groupId: group, event, before, limit } = request.query
      const wanted = {
        ...(user !== undefined && { user }),
        ...(by !== undefined && { by }),
        ...(group !== undefined && { group }),
        ...(event !== undefined && { event }),
      }
      const events = await audit.list({ ...wanted, before: Number(before), limit: limit + 1 })
      return success({ events: events.slice(0, limit).map(toEventDto), hasMore: events.length > limit })
    },
  )
}

function addDeadLetters(app: ZodApp, { deadLetters }: AdminRoutes): void {
  app.get(
    '/dead-letters',
    {
      schema: { querystring: deadLettersQuery },
      config: { summary: 'What could not be saved, oldest first', data: deadLettersData },
    },
    async request => {
      const { after, limit } = request.query
      const letters = await deadLetters.list(Number(after), limit + 1)
      return success({ letters: letters.slice(0, limit).map(toLetterDto), hasMore: letters.length > limit })
    },
  )

  app.post(
    '/dead-letters/:id/replay',
    {
      schema: { params: letterParams },
      config: { summary: 'Tries once more to save it, at its own place', data: replayData },
    },
    async (request, reply) => {
      const result = await deadLetters.replay(Number(request.params.id), adminOf(request))
      switch (result.outcome) {
        case 'stored':
        case 'already_stored':
          return success({ outcome: result.outcome })
        case 'gone':
          return refuse(reply, restEnvelope, 'dead_letter_not_found')
        case 'refused':
          return refuse(reply, restEnvelope, 'dead_letter_refused', result.detail)
        case 'busy':
          return refuse(reply, restEnvelope, 'internal_error')
        default:
          return result satisfies never
      }
    },
  )

  app.delete(
    '/dead-letters/:id',
    { schema: { params: letterParams }, config: { summary: 'Gives it up for good' } },
    async (request, reply) => {
      const dropped = await deadLetters.drop(Number(request.params.id), adminOf(request))
      return dropped ? success() : refuse(reply, restEnvelope, 'dead_letter_not_found')
    },
  )
}

const adminOf = (request: FastifyRequest): Admin => ({ user: sessionOf(request).user, address: request.ip })

const toEventDto = ({ place, event, user, by, at, group, ...where }: AuditedEvent) => ({
  id: String(place),
  event,
  userId: user,
  byId: by,
  createdAt: at,
  groupId: group,
  connId: where.connId,
  gatewayId: where.gatewayId,
  device: where.device,
  address: where.address,
  detail: where.detail,
})

function toLetterDto(letter: DeadLetterRow) {
  const payload = Buffer.from(letter.payload)
  const encoding = isUtf8(payload) ? 'utf8' : 'base64'
  const sender = senderOf(letter)
  return {
    id: String(letter.seq),
    subject: letter.subject,
    fromUserId: sender?.user,
    msgId: sender?.clientMsgId,
    detail: letter.detail,
    payload: payload.toString(encoding),
    encoding,
    createdAt: letter.at,
  }
}
