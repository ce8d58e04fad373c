import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { isUserId, type UserId } from '../../protocol/ids.ts'
import { hasRole, type Session } from '../auth/tokens.ts'
import { type Envelope, refuse, restEnvelope } from './envelope.ts'
import type { Membership } from './membership.ts'
import type { HttpReason } from './refusals.ts'

/** What all routes under /im/offline have in common. Source: the STOMP and REST contract. */

export const offlineEnvelope: Envelope = { ...restEnvelope, internal: 'offline_internal' }

const missing = 'offline_missing_user' satisfies HttpReason

/** A user's id; in bodies also as a number. */
export const userId = z.union([z.string(), z.number()], missing).transform(String).refine(isUserId, missing)

/** Why the session may not see this user's conversation, as an answer; undefined when it may. */
export async function refuseUnlessTheirs(
  reply: FastifyReply,
  session: Session,
  user: UserId,
  conversation?: string,
  membership?: Membership,
): Promise<FastifyReply | undefined> {
  if (session.user !== user && !hasRole(session, 'admin')) {
    return refuse(reply, offlineEnvelope, 'offline_not_yours')
  }
  if (conversation === undefined || membership === undefined) return undefined
  const access = await membership(conversation, user)
  return access === 'member' ? undefined : refuse(reply, offlineEnvelope, refusals[access])
}

const refusals = { outsider: 'offline_not_yours', unknown: 'offline_conversation_not_found' } as const
