import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type CustomerSession, customerSessionStatuses } from '../../protocol/customer-session.ts'
import type { CustomerSessionStore, OnlineStore } from '../../storage/store.ts'
import { hasRole } from '../auth/tokens.ts'
import { sessionOf } from './authenticate.ts'
import { refuse, restEnvelope } from './envelope.ts'
import type { ZodApp } from './validation.ts'

const LIMIT = 100
const MAX_LIMIT = 1000

const limit = z.coerce.number().int().min(1).max(MAX_LIMIT).default(LIMIT)
const sessionsQuery = z.object({ status: z.enum(customerSessionStatuses).default('WAITING'), limit })
const onlineQuery = z.object({
  type: z.enum(['agent', 'customer']),
  after: z.string().default('').describe('the last userId of the page before'),
  limit,
})

const sessionsData = z.array(
  z.object({
    sessionId: z.string().describe('cs:<n>'),
    status: z.enum(customerSessionStatuses),
    customerId: z.string(),
    agentId: z.string().optional(),
    agentName: z.string().optional(),
    closeReason: z.string().optional(),
    createTime: z.int().describe('ms since 1970'),
    statusChangeTime: z.int().describe('ms since 1970'),
  }),
)
const onlineData = z.array(z.object({ userId: z.string() }))

export interface CustomerSessionRoutes {
  readonly customerSessions: Pick<CustomerSessionStore, 'list'>
  readonly online: Pick<OnlineStore, 'list'>
}

/** For agents: the customer sessions of a status, and who is connected over STOMP. Source: the STOMP and REST contract. */
export function addCustomerSessionRoutes(app: ZodApp, parts: CustomerSessionRoutes): void {
  const { success } = restEnvelope

  app.get(
    '/chat/sessions',
    {
      onRequest: agentsOnly,
      schema: { querystring: sessionsQuery },
      config: {
        summary: 'Customer sessions: waiting ones oldest first, others newest first',
        data: sessionsData,
      },
    },
    async request => {
      const { status, limit } = request.query
      return success((await parts.customerSessions.list(status, limit)).map(toDto))
    },
  )

  app.get(
    '/chat/online',
    {
      onRequest: agentsOnly,
      schema: { querystring: onlineQuery },
      config: { summary: 'Who is connected for customer service', data: onlineData },
    },
    async request => {
      const { type, after, limit } = request.query
      return success((await parts.online.list(type, after, limit)).map(userId => ({ userId })))
    },
  )
}

async function agentsOnly(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  return hasRole(sessionOf(request), 'agent') ? undefined : refuse(reply, restEnvelope, 'agents_only')
}

const toDto = (session: CustomerSession) => ({
  sessionId: session.id,
  status: session.status,
  customerId: session.customer,
  agentId: session.agent,
  agentName: session.agentName,
  closeReason: session.closeReason,
  createTime: session.openedAt,
  statusChangeTime: session.changedAt,
})
