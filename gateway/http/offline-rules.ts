import { z } from 'zod'
import { isUserId, type UserId } from '../../protocol/ids.ts'
import { hasRole, type Session } from '../auth/tokens.ts'
import { type Envelope, restEnvelope } from './envelope.ts'
import type { Membership } from './membership.ts'
import type { HttpReason } from './refusals.ts'

/** What all routes under /im/offline have in common. Source: the STOMP and REST contract. */

export const offlineEnvelope: Envelope = { ...restEnvelope, internal: 'offline_internal' }

const missing = 'offline_missing_user' satisfies HttpReason

/** A user's id; in bodies also as a number. */
export const userId = z.union([z.string(), z.number()], missing).transform(String).refine(isUserId, missing)

/** Why the session may not see this user's lists, or this conversation of theirs; undefined when it may. */
export async function refusalOf(
  session: Session,
  user: UserId,
  conversation?: string,
  membership?: Membership,
): Promise<HttpReason | undefined> {
  if (session.user !== user && !hasRole(session, 'admin')) return 'offline_not_yours'
  if (conversation === undefined || membership === undefined) return undefined
  return refusals[(await membership(conversation, user)).as]
}

const refusals = {
  member: undefined,
  outsider: 'offline_not_yours',
  unknown: 'offline_conversation_not_found',
} as const
