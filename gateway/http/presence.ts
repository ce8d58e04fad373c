import { z } from 'zod'
import { isUserId, type UserId } from '../../protocol/ids.ts'
import { MAX_PRESENCE_USERS, type Presence, presenceStatuses } from '../../protocol/presence.ts'
import { sessionOf } from './authenticate.ts'
import { restEnvelope } from './envelope.ts'
import type { ZodApp } from './validation.ts'

const presenceQuery = z.object({
  users: z
    .string()
    .transform(text => text.split(','))
    .refine(
      users => users.length <= MAX_PRESENCE_USERS && users.every(isUserId),
      `must be 1–${MAX_PRESENCE_USERS} user ids, comma separated`,
    )
    .describe(`1–${MAX_PRESENCE_USERS} user ids, comma separated`),
})

const presenceData = z.array(
  z.object({
    userId: z.string(),
    status: z.enum(presenceStatuses),
    ts: z.int().describe('ms since 1970, of the change to this status as far as it is known'),
  }),
)

export interface PresenceRoutes {
  /** Asked in the name of `user`. */
  readonly presence: (user: UserId, users: readonly UserId[]) => Promise<readonly Presence[]>
}

/** How many users are there, at once. Anybody may ask for anybody, as anybody may write to anybody. */
export function addPresenceRoutes(app: ZodApp, { presence }: PresenceRoutes): void {
  app.get(
    '/presence',
    {
      schema: { querystring: presenceQuery },
      config: { summary: 'Whether users are online, away or offline, in their order', data: presenceData },
    },
    async request => {
      const answers = await presence(sessionOf(request).user, request.query.users)
      return restEnvelope.success(answers.map(({ user, status, ts }) => ({ userId: user, status, ts })))
    },
  )
}
