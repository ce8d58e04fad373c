import { z } from 'zod'
import { isUserId, type UserId } from '../../protocol/ids.ts'
import { hasRole, type Session } from '../auth/tokens.ts'
import { sessionOf } from './authenticate.ts'
import { answerIn, type Envelope, refuse, restEnvelope } from './envelope.ts'
import type { Membership } from './membership.ts'
import type { HttpReason } from './refusals.ts'
import type { ZodApp } from './validation.ts'

const userId = z
  .string('offline_missing_user' satisfies HttpReason)
  .refine(isUserId, 'offline_missing_user' satisfies HttpReason)

const countsQuery = z.object({ userId })
const countQuery = z.object({ userId, conversationId: z.string() })

export interface UnreadRoutes {
  /** A user's conversations that have unread messages; those without may be left out. */
  readonly unread: (user: UserId) => Promise<readonly UnreadCount[]>
  readonly membership: Membership
}

export interface UnreadCount {
  readonly conversation: string
  readonly unread: number
}

/** `unread-counts`: data is `[{conversationId, unreadCount}]`; `unread-count`: data is a number. */
export function addUnreadRoutes(api: ZodApp, { unread, membership }: UnreadRoutes): void {
  const { success } = offlineEnvelope

  const routes = async (app: ZodApp) => {
    answerIn(offlineEnvelope, app)

    app.get('/unread-counts', { schema: { querystring: countsQuery } }, async (request, reply) => {
      const { userId } = request.query
      if (!mayAskFor(userId, sessionOf(request))) return refuse(reply, offlineEnvelope, 'offline_not_yours')
      const counts = await unread(userId)
      return success(
        counts.map(({ conversation, unread }) => ({ conversationId: conversation, unreadCount: unread })),
      )
    })

    app.get('/unread-count', { schema: { querystring: countQuery } }, async (request, reply) => {
      const { userId, conversationId } = request.query
      if (!mayAskFor(userId, sessionOf(request))) return refuse(reply, offlineEnvelope, 'offline_not_yours')
      const access = await membership(conversationId, userId)
      if (access.as !== 'member') return refuse(reply, offlineEnvelope, refusals[access.as])
      const counts = await unread(userId)
      return success(counts.find(({ conversation }) => conversation === conversationId)?.unread ?? 0)
    })
  }

  api.register(routes, { prefix: '/im/offline' })
}

const offlineEnvelope: Envelope = { ...restEnvelope, internal: 'offline_internal' }

const refusals = { outsider: 'offline_not_yours', unknown: 'offline_conversation_not_found' } as const

const mayAskFor = (userId: UserId, session: Session): boolean =>
  session.user === userId || hasRole(session, 'admin')
