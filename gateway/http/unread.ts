import { z } from 'zod'
import type { UserId } from '../../protocol/ids.ts'
import { sessionOf } from './authenticate.ts'
import { refuse } from './envelope.ts'
import type { Membership } from './membership.ts'
import { offlineEnvelope, refusalOf, userId } from './offline-rules.ts'
import type { ZodApp } from './validation.ts'

const countsQuery = z.object({ userId })
const countQuery = z.object({ userId, conversationId: z.string() })
const countsData = z.array(z.object({ conversationId: z.string(), unreadCount: z.int() }))

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
export function addUnreadRoutes(app: ZodApp, { unread, membership }: UnreadRoutes): void {
  const { success } = offlineEnvelope

  app.get(
    '/unread-counts',
    {
      schema: { querystring: countsQuery },
      config: { summary: 'Unread messages of each conversation', data: countsData },
    },
    async (request, reply) => {
      const { userId } = request.query
      const refused = await refusalOf(sessionOf(request), userId)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      const counts = await unread(userId)
      return success(
        counts.map(({ conversation, unread }) => ({ conversationId: conversation, unreadCount: unread })),
      )
    },
  )

  app.get(
    '/unread-count',
    {
      schema: { querystring: countQuery },
      config: { summary: 'Unread messages of one conversation', data: z.int() },
    },
    async (request, reply) => {
      const { userId, conversationId } = request.query
      const refused = await refusalOf(sessionOf(request), userId, conversationId, membership)
      if (refused) return refuse(reply, offlineEnvelope, refused)
      const counts = await unread(userId)
      return success(counts.find(({ conversation }) => conversation === conversationId)?.unread ?? 0)
    },
  )
}
