import { z } from 'zod'
import { type Accounts, accountId } from '../auth/accounts.ts'
import { isPassword, readUsername } from '../auth/credentials.ts'
import { MAX_PASSWORD_BYTES } from '../auth/passwords.ts'
import type { Sessions } from '../auth/sessions.ts'
import { MAX_TOKEN_CHARACTERS } from '../auth/tokens.ts'
import { authenticate, sessionOf } from './authenticate.ts'
import { answerIn, refuse, resultEnvelope } from './envelope.ts'
import type { ZodApp } from './validation.ts'

const { success } = resultEnvelope

const username = z
  .string()
  .max(256)
  .transform((text, context) => {
    const name = readUsername(text)
    if (name !== undefined) return name
    context.addIssue('must be 1–64 printable characters')
    return z.NEVER
  })
const password = z.string().refine(isPassword, `must be 1–${MAX_PASSWORD_BYTES} bytes`)
const token = z.string().min(1).max(MAX_TOKEN_CHARACTERS)

const loginBody = z.object({ username, password })
const refreshBody = z.object({ refreshToken: token })
const verifyBody = z.object({ accessToken: token })
const usersQuery = z.object({ username })

export interface AccountRoutes {
  readonly accounts: Accounts
  readonly sessions: Sessions
}

/** POST login, refresh, verify, logout and GET users, under /auth. Source: the JSON contract, "REST for accounts". */
export function addAccountRoutes(root: ZodApp, { accounts, sessions }: AccountRoutes): void {
  const onRequest = authenticate(sessions, resultEnvelope)
  const routes = async (app: ZodApp) => {
    answerIn(resultEnvelope, app)

    if (accounts.issuesTokens) addIssuingRoutes(app, accounts)

    app.post(
      '/verify',
      { schema: { body: verifyBody }, config: { summary: 'Whether an access token stands' } },
      async request => {
        const authenticated = await sessions.authenticate(request.body.accessToken)
        const user = authenticated.session && { userId: wireUserId(authenticated.session.user) }
        return success(
          authenticated.ok ? { ok: true, ...user } : { ok: false, ...user, reason: authenticated.reason },
        )
      },
    )

    app.post(
      '/logout',
      { onRequest, config: { summary: 'Ends all sessions of the user' } },
      async request => {
        await accounts.logout(sessionOf(request).user, request.ip)
        return success()
      },
    )

    app.get(
      '/users',
      { onRequest, schema: { querystring: usersQuery }, config: { summary: 'The user of a name' } },
      async (request, reply) => {
        const account = await accounts.byUsername(request.query.username)
        if (!account) return refuse(reply, resultEnvelope, 'not_found')
        return success({ userId: account.userId, username: account.username })
      },
    )
  }

  root.register(routes, { prefix: '/auth' })
}

function addIssuingRoutes(app: ZodApp, accounts: Accounts): void {
  app.post(
    '/login',
    {
      schema: { body: loginBody },
      config: { summary: 'Tokens for name and password; the first use creates the account' },
    },
    async (request, reply) => {
      const outcome = await accounts.login({ ...request.body, address: request.ip })
      if (outcome.ok) return success(outcome.grant)
      if (outcome.reason === 'too_many_attempts') reply.header('retry-after', outcome.retryAfterSeconds)
      return refuse(reply, resultEnvelope, outcome.reason)
    },
  )

  app.post(
    '/refresh',
    {
      schema: { body: refreshBody },
      config: { summary: 'New tokens for a refresh token, which is used up' },
    },
    async (request, reply) => {
      const grant = await accounts.refresh(request.body.refreshToken)
      return grant ? success(grant) : refuse(reply, resultEnvelope, 'invalid_refresh_token')
    },
  )
}

/** Accounts' ids are numbers here; a user known by a foreign token may have a name or a longer number. */
const wireUserId = (user: string): number | string => accountId(user) ?? user
