import { expect } from 'chai'
import { groupConversation } from '../../protocol/ids.ts'
import { api } from '../support/api.ts'
import { GroupClients, heard } from '../support/group-clients.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'

/** The REST interface of groups: every rule with its code, on any target. */
export function groupRestSuite(target: () => Target): void {
  const clients = new GroupClients(target)
  afterEach(() => clients.closeAll())

  describe('the REST interface of groups', () => {
    it('shows a group and its members, with names where there are accounts', async () => {
      const username = newUser('Ann')
      const login = await api(gatewayOf(target(), 0), '/auth/login', {
        body: { username, password: 'secret' },
      })
      const { userId, accessToken } = login.body.data as { userId: number; accessToken: string }
      const ann = { id: String(userId), token: accessToken }
      const bob = await clients.person('bob')
      const body = { groupName: 'friends', ownerId: userId, memberIds: [bob.id, bob.id, userId] }
      const group = (await clients.ok(ann, 'POST', '', body)) as Record<string, unknown>
      expect(group).to.include({ groupName: 'friends', ownerId: ann.id, ownerName: username, memberCount: 2 })
      expect(group.groupId).to.match(/^[1-9][0-9]*$/)
      const members = await clients.ok(bob, 'GET', `/${group.groupId}/members`)
      expect(members).to.have.length(2)
      expect((members as object[])[0]).to.deep.include({
        groupId: group.groupId,
        userId: ann.id,
        userName: username,
        role: 'OWNER',
        roleName: '群主',
      })
      expect((members as object[])[1]).to.include({ userId: bob.id, userName: bob.id, role: 'MEMBER' })
      expect(await clients.ok(bob, 'GET', `/${group.groupId}`)).to.deep.equal(group)
      for (const list of [`/created?userId=${ann.id}`, `/joined?userId=${ann.id}`])
        expect(await clients.ok(ann, 'GET', list)).to.deep.equal([group])
      expect(await clients.ok(bob, 'GET', '/created')).to.deep.equal([])
      expect(await clients.ok(bob, 'GET', '/joined')).to.deep.equal([group])
    })

    it('lets owner and admins rename, add and remove, and the owner alone appoint and dissolve', async () => {
      const [owner, admin, member, other] = await clients.people('owner', 'admin', 'member', 'other')
      if (!owner || !admin || !member || !other) return
      const group = await clients.group(owner, [admin, member])
      const no = [403, 'GROUP_003'] as const
      const role = { operatorId: owner.id, role: 'ADMIN' }
      await clients.refused(member, no, 'PUT', `/${group}`, { operatorId: member.id, groupName: 'mine' })
      await clients.refused(admin, no, 'PUT', `/${group}/members/${member.id}/role`, { role: 'ADMIN' })
      await clients.ok(owner, 'PUT', `/${group}/members/${admin.id}/role`, role)
      const renamed = await clients.ok(admin, 'PUT', `/${group}`, { operatorId: admin.id, groupName: 'ours' })
      expect(renamed).to.include({ groupName: 'ours' })
      await clients.ok(admin, 'POST', `/${group}/members`, { memberIds: [other.id] })
      const again = { operatorId: admin.id, memberIds: [other.id] }
      await clients.refused(admin, [409, 'GROUP_004'], 'POST', `/${group}/members`, again)
      expect(await clients.ok(member, 'GET', `/${group}/members/${other.id}/exists`)).to.equal(true)
      await clients.ok(admin, 'DELETE', `/${group}/members/${other.id}?operatorId=${admin.id}`)
      expect(await clients.ok(member, 'GET', `/${group}/members/${other.id}/exists`)).to.equal(false)
      await clients.refused(admin, [404, 'GROUP_008'], 'DELETE', `/${group}/members/${other.id}`)
      await clients.refused(admin, [409, 'GROUP_005'], 'DELETE', `/${group}/members/${owner.id}`)
      await clients.refused(owner, [409, 'GROUP_005'], 'DELETE', `/${group}/members/${owner.id}`)
      await clients.refused(admin, no, 'DELETE', `/${group}`)
      await clients.ok(owner, 'PUT', `/${group}/members/${admin.id}/role`, { role: 'MEMBER' })
      await clients.refused(admin, no, 'POST', `/${group}/members`, again)
      await clients.ok(member, 'DELETE', `/${group}/members/${member.id}?operatorId=${member.id}`)
      await clients.ok(owner, 'DELETE', `/${group}?operatorId=${owner.id}`)
      for (const path of [`/${group}`, `/${group}/members`])
        await clients.refused(owner, [409, 'GROUP_009'], 'GET', path)
      await clients.refused(owner, [409, 'GROUP_009'], 'PUT', `/${group}`, { groupName: 'new' })
      expect(await clients.ok(owner, 'GET', '/joined')).to.deep.equal([])
    })

    it('lets nobody act for another by naming an id, but admins of the server', async () => {
      const [alice, mallory, boss] = await clients.people('alice', 'mallory', 'boss')
      if (!alice || !mallory || !boss) return
      const group = await clients.group(alice, [])
      const no = [403, 'GROUP_003'] as const
      await clients.refused(mallory, no, 'POST', '', { groupName: 'x', ownerId: alice.id, memberIds: [] })
      await clients.refused(mallory, no, 'PUT', `/${group}`, { operatorId: alice.id, groupName: 'x' })
      await clients.refused(mallory, no, 'DELETE', `/${group}?operatorId=${alice.id}`)
      const message = { senderId: alice.id, content: 'x', messageType: 'TEXT', msgId: 'x' }
      await clients.refused(mallory, no, 'POST', `/${group}/messages`, message)
      await clients.refused(mallory, no, 'GET', `/joined?userId=${alice.id}`)
      await clients.refused(mallory, [403, 'GROUP_002'], 'GET', `/${group}/members`)
      await clients.refused(mallory, [403, 'GROUP_002'], 'PUT', `/${group}`, { groupName: 'x' })
      const admin = { id: boss.id, token: await signToken(target(), boss.id, { role: 'admin' }) }
      await clients.ok(admin, 'PUT', `/${group}`, { operatorId: alice.id, groupName: 'corrected' })
      expect((await clients.call({ id: '', token: 'none' }, 'GET', `/${group}`)).status).to.equal(401)
    })

    it('refuses groups that are none, names that are none, and more than a group can hold', async () => {
      const alice = await clients.person('alice')
      const group = await clients.group(alice, [])
      await clients.refused(alice, [404, 'GROUP_001'], 'GET', '/1')
      await clients.refused(alice, [404, 'GROUP_001'], 'PUT', '/1', { groupName: 'x' })
      for (const groupName of ['', '   ', 'x'.repeat(65), 'a\nb', undefined])
        await clients.refused(alice, [400, 'GROUP_006'], 'PUT', `/${group}`, { groupName })
      const memberIds = Array.from({ length: 1001 }, (_, n) => `many-${n}`)
      await clients.refused(alice, [409, 'GROUP_007'], 'POST', `/${group}/members`, { memberIds })
      await clients.refused(alice, [400, 'REQUEST_001'], 'POST', `/${group}/members`, { memberIds: ['a b'] })
    })

    it('takes messages like any other: stored, pushed, known by msgId', async () => {
      const [alice, bob, mallory] = await clients.people('alice', 'bob', 'mallory')
      if (!alice || !bob || !mallory) return
      const group = await clients.group(alice, [bob])
      const toBob = await clients.connect(bob, 1)
      const message = { senderId: alice.id, content: 'hi', messageType: 'IMAGE', msgId: 'rest-1' }
      const first = (await clients.ok(alice, 'POST', `/${group}/messages`, message)) as {
        serverMsgId: string
      }
      expect(await clients.ok(alice, 'POST', `/${group}/messages`, message)).to.deep.equal(first)
      expect(await toBob.next({ type: 'GROUP_CHAT' })).to.include({
        clientMsgId: 'rest-1',
        from: alice.id,
        msgType: 'IMAGE',
        serverMsgId: first.serverMsgId,
      })
      expect(heard(toBob, group)).to.deep.equal(['hi'])
      const path = `/api/chat/messages/session/${groupConversation(group)}`
      const { body } = await api(gatewayOf(target(), 0), path, { token: bob.token })
      expect((body.data as object[])[0]).to.include({ chatType: 'GROUP', groupId: group, msgId: 'rest-1' })
      const outside = { ...message, senderId: mallory.id }
      await clients.refused(mallory, [403, 'GROUP_002'], 'POST', `/${group}/messages`, outside)
      await clients.refused(mallory, [404, 'GROUP_001'], 'POST', '/1/messages', outside)
      const other = { ...message, content: 'other' }
      await clients.refused(alice, [400, 'GROUP_011'], 'POST', `/${group}/messages`, other)
      for (const bad of [{ content: '' }, { content: 'x'.repeat(5001) }, { messageType: 'X' }, { msgId: '' }])
        await clients.refused(alice, [400, 'GROUP_011'], 'POST', `/${group}/messages`, { ...message, ...bad })
      await clients.ok(alice, 'PUT', `/${group}/members/${bob.id}/mute`, { seconds: 60 })
      const muted = { ...message, senderId: bob.id, msgId: 'rest-2' }
      await clients.refused(bob, [409, 'GROUP_010'], 'POST', `/${group}/messages`, muted)
      const members = (await clients.ok(bob, 'GET', `/${group}/members`)) as { mutedUntil?: number }[]
      expect(members.filter(({ mutedUntil }) => mutedUntil !== undefined)).to.have.length(1)
    })
  })
}
