import type { Identity } from './tokens.ts'

/** Makes a group of these users, the first its owner, over the REST interface; answers its id. */
export async function createGroup(url: string, members: readonly Identity[]): Promise<string> {
  const [owner, ...others] = members
  if (!owner) throw new Error('a group has an owner')
  const response = await fetch(new URL('/api/im/groups', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${owner.token}` },
    body: JSON.stringify({
      groupName: `load of ${owner.user}`,
      ownerId: owner.user,
      memberIds: others.map(({ user }) => user),
    }),
  })
  if (!response.ok) throw new Error(`no group could be made: HTTP ${response.status}`)
  const { data } = (await response.json()) as { data?: { groupId?: string | number } }
  if (data?.groupId === undefined) throw new Error('no group could be made: the answer has no groupId')
  return String(data.groupId)
}
