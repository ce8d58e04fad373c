/** Over which gateway, and in whose name. */
export interface CallRoute {
  readonly gateway: string
  readonly token: string
}

export interface MembershipCall {
  readonly do: 'join' | 'leave' | 'remove'
  readonly group: string
  readonly by: string
  readonly user: string
}

/** `refused`: it did not happen, for good. `unknown`: it may have happened, or happen yet. */
export type CallOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown' }

/** A gateway waits 10 s each for the group's actor and for the saver. */
const ANSWER_WITHIN_MS = 25_000

/** Makes a group over REST; throws when it is not made. */
export async function createGroup(
  route: CallRoute,
  owner: string,
  members: readonly string[],
): Promise<string> {
  const body = { groupName: 'drill', ownerId: owner, memberIds: members }
  const { status, answer } = await call(route, 'POST', '', body)
  const { groupId } = answer.data ?? {}
  if (groupId === undefined) throw new Error(`no group was made: HTTP ${status} ${answer.errCode ?? ''}`)
  return groupId
}

/** One try over REST, which has no name for repeats: each is a change of its own. */
export async function changeMembership(
  route: CallRoute,
  { do: what, group, by, user }: MembershipCall,
): Promise<CallOutcome> {
  try {
    const { status, answer } =
      what === 'join'
        ? await call(route, 'POST', `/${group}/members`, { operatorId: by, memberIds: [user] })
        : await call(route, 'DELETE', `/${group}/members/${user}?operatorId=${by}`)
    if (answer.success) return { kind: 'ok' }
    return status >= 500 ? { kind: 'unknown' } : { kind: 'refused', code: answer.errCode ?? String(status) }
  } catch {
    return { kind: 'unknown' }
  }
}

interface Answer {
  readonly success: boolean
  readonly errCode?: string
  readonly data?: { readonly groupId?: string }
}

async function call({ gateway, token }: CallRoute, method: string, path: string, body?: object) {
  const response = await fetch(new URL(`/api/im/groups${path}`, gateway), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  return { status: response.status, answer: (await response.json()) as Answer }
}
