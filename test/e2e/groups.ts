import { expect } from 'chai'
import { groupConversation } from '../../protocol/ids.ts'
import { api, unreadOf } from '../support/api.ts'
import { GroupClients, heard } from '../support/group-clients.ts'
import { gatewayOf, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

/** What is said in groups, on any target. */
export function groupsSuite(target: () => Target): void {
  const clients = new GroupClients(target)
  afterEach(() => clients.closeAll())

  describe('a group message', () => {
    it('reaches every other member once, in the same order, and its sender only as acknowledged', async () => {
      const [alice, bob, carol] = await clients.people('alice', 'bob', 'carol')
      if (!alice || !bob || !carol) return
      const toAlice = await clients.connect(alice, 0)
      const toBob = await clients.connect(bob, 1)
      const group = await clients.group(alice, [bob, carol])
      const toCarol = await clients.connect(carol, 0)
      for (const client of [toAlice, toBob, toCarol])
        expect(await client.next({ type: 'GROUP_NOTIFY', event: 'created' })).to.include({ groupId: group })

      toAlice.send({ type: 'GROUP_CHAT', clientMsgId: 'a1', groupId: group, body: 'a1', mentions: [bob.id] })
      toBob.send({ type: 'GROUP_CHAT', clientMsgId: 'b1', groupId: group, body: 'b1', important: true })
      const ack = await toAlice.next({ type: 'ACK', ackType: 'accepted', clientMsgId: 'a1' })
      await toAlice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'a1' })
      await toBob.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'b1' })
      const atBob = await toBob.next({ type: 'GROUP_CHAT' })
      expect(atBob).to.deep.include({
        from: alice.id,
        groupId: group,
        body: 'a1',
        serverMsgId: ack.serverMsgId,
        mentions: [bob.id],
      })
      expect(atBob).not.to.have.property('to')
      const [first, second] = await toCarol.atLeast(2, { type: 'GROUP_CHAT' })
      expect(Number(first?.serverMsgId)).to.be.below(Number(second?.serverMsgId))
      for (const client of [toAlice, toBob, toCarol]) await client.settle()
      expect(heard(toAlice, group)).to.deep.equal(['b1'])
      expect(heard(toBob, group)).to.deep.equal(['a1'])
      expect(heard(toCarol, group)).to.have.members(['a1', 'b1'])
    })

    it('has one serverMsgId however often it is repeated; another body or group is a conflict', async () => {
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const [group, other] = [await clients.group(alice, [bob]), await clients.group(alice, [bob])]
      const toAlice = await clients.connect(alice)
      const toBob = await clients.connect(bob, 1)
      const frame = { type: 'GROUP_CHAT', clientMsgId: 'm', groupId: group, body: 'once' }
      for (let times = 0; times < 3; times++) toAlice.send(frame)
      const acks = await toAlice.atLeast(3, { type: 'ACK', ackType: 'saved', clientMsgId: 'm' })
      expect(new Set(acks.map(({ serverMsgId }) => serverMsgId))).to.have.property('size', 1)
      toAlice.send({ ...frame, body: 'twice' })
      toAlice.send({ ...frame, groupId: other })
      toAlice.send({ type: 'SINGLE_CHAT', clientMsgId: 'm', to: bob.id, body: 'once' })
      await toAlice.atLeast(3, { type: 'ERROR', reason: 'client_msg_id_conflict' })
      await toBob.next({ type: 'GROUP_CHAT' })
      await toBob.settle()
      expect(heard(toBob, group)).to.deep.equal(['once'])
    })

    it('comes to who was away at the next bind, until it is acknowledged', async () => {
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const group = await clients.group(alice, [bob])
      const toAlice = await clients.connect(alice)
      for (const text of ['one', 'two', 'three']) await clients.say(toAlice, group, text)
      const first = await clients.connect(bob, 1)
      const [one] = await first.atLeast(3, { type: 'GROUP_CHAT' })
      expect(heard(first, group)).to.deep.equal(['one', 'two', 'three'])
      expect(first.all({ type: 'GROUP_NOTIFY', event: 'created' })).to.have.length(1)
      first.send({ type: 'ACK', ackType: 'delivered', serverMsgId: one?.serverMsgId })
      await first.settle()
      await first.close()
      const second = await clients.connect(bob, 0)
      await second.atLeast(2, { type: 'GROUP_CHAT' })
      await second.settle()
      expect(heard(second, group)).to.deep.equal(['two', 'three'])
      expect(second.all({ type: 'GROUP_NOTIFY' }), 'acknowledged with what came after it').to.have.length(0)
    })

    it('is refused from outsiders and the muted, and kept from nobody else', async () => {
      const [alice, bob, mallory] = await clients.people('alice', 'bob', 'mallory')
      if (!alice || !bob || !mallory) return
      const group = await clients.group(alice, [bob])
      const toMallory = await clients.connect(mallory)
      const toBob = await clients.connect(bob)
      const say = (client: typeof toBob, id: string, groupId: unknown = group) =>
        client.send({ type: 'GROUP_CHAT', clientMsgId: id, groupId, body: id })
      const refused = (client: typeof toBob, clientMsgId: string, reason: string) =>
        client.next({ type: 'ERROR', clientMsgId, reason })
      say(toMallory, 'm1')
      await refused(toMallory, 'm1', 'not_group_member')
      say(toMallory, 'm2', '999999999')
      await refused(toMallory, 'm2', 'not_group_member')
      await clients.ok(alice, 'PUT', `/${group}/members/${bob.id}/mute`, {
        operatorId: alice.id,
        seconds: 60,
      })
      say(toBob, 'b1')
      await refused(toBob, 'b1', 'group_speak_muted')
      await clients.ok(alice, 'PUT', `/${group}/members/${bob.id}/mute`, { operatorId: alice.id, seconds: 0 })
      await clients.ok(alice, 'PUT', `/${group}/mute`, { operatorId: alice.id, muted: true })
      say(toBob, 'b2')
      await refused(toBob, 'b2', 'group_speak_muted')
      await clients.ok(alice, 'PUT', `/${group}/mute`, { operatorId: alice.id, muted: false })
      await clients.say(toBob, group, 'b3')
      const toAlice = await clients.connect(alice)
      await toAlice.next({ type: 'GROUP_CHAT' })
      await toAlice.settle()
      expect(heard(toAlice, group)).to.deep.equal(['b3'])
    })
  })

  describe('a member', () => {
    it('hears what lies between joining and leaving, live or later, and nothing else', async () => {
      const [alice, bob, carol] = await clients.people('alice', 'bob', 'carol')
      if (!alice || !bob || !carol) return
      const group = await clients.group(alice, [])
      const toAlice = await clients.connect(alice)
      const toBob = await clients.connect(bob, 1)
      const add = (id: string) =>
        clients.ok(alice, 'POST', `/${group}/members`, { operatorId: alice.id, memberIds: [id] })
      const remove = (id: string) =>
        clients.ok(alice, 'DELETE', `/${group}/members/${id}?operatorId=${alice.id}`)
      await clients.say(toAlice, group, 'before')
      await Promise.all([add(bob.id), add(carol.id)])
      await clients.say(toAlice, group, 'inside')
      await Promise.all([remove(bob.id), remove(carol.id)])
      await toBob.next({ type: 'GROUP_NOTIFY', event: 'removed' })
      await clients.say(toAlice, group, 'outside')
      await toBob.settle()
      expect(heard(toBob, group)).to.deep.equal(['inside'])

      const toCarol = await clients.connect(carol, 0)
      await toCarol.next({ type: 'GROUP_NOTIFY', event: 'removed' })
      await toCarol.settle()
      expect(heard(toCarol, group), 'who was away').to.deep.equal(['inside'])

      await Promise.all([add(bob.id), add(carol.id)])
      await clients.say(toAlice, group, 'again')
      await toBob.next({ type: 'GROUP_CHAT', body: 'again' })
      await toCarol.next({ type: 'GROUP_CHAT', body: 'again' })
      expect(heard(toBob, group)).to.deep.equal(['inside', 'again'])
      expect(heard(toCarol, group)).to.deep.equal(['inside', 'again'])

      const path = `/api/chat/messages/session/${groupConversation(group)}`
      const { body } = await api(gatewayOf(target(), 1), path, { token: bob.token })
      expect((body.data as { content: string }[]).map(({ content }) => content)).to.deep.equal([
        'again',
        'inside',
      ])
    })

    it('has unread counts that own words, reading and leaving settle; notices do not count', async () => {
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const group = await clients.group(alice, [bob])
      const conversation = groupConversation(group)
      const url = gatewayOf(target(), 1)
      const toAlice = await clients.connect(alice)
      const unread = (count: number, who = bob) =>
        until(async () => {
          const counts = await unreadOf(url, who.id, who.token)
          return (counts[conversation] ?? 0) === count
        }, `not ${count} unread`)
      await unread(0)
      await clients.say(toAlice, group, 'one')
      const two = await clients.say(toAlice, group, 'two')
      await clients.say(toAlice, group, 'three')
      await clients.ok(alice, 'PUT', `/${group}`, { operatorId: alice.id, groupName: 'enemies' })
      await unread(3)
      await unread(0, alice)
      const toBob = await clients.connect(bob)
      await toBob.atLeast(3, { type: 'GROUP_CHAT' })
      toBob.send({ type: 'ACK', ackType: 'read', serverMsgId: two })
      await unread(1)
      await clients.say(toBob, group, 'mine')
      await unread(0)
      await clients.say(toAlice, group, 'four')
      await unread(1)
      await unread(0, alice)
      await clients.ok(bob, 'DELETE', `/${group}/members/${bob.id}?operatorId=${bob.id}`)
      await unread(0)
    })
  })

  it('who asks to be let in hears the decision, and everybody hears who came', async () => {
    const [alice, bob, carol] = await clients.people('alice', 'bob', 'carol')
    if (!alice || !bob || !carol) return
    const group = await clients.group(alice, [carol], { entryPolicy: 'APPROVAL' })
    const closed = await clients.group(alice, [])
    const [toAlice, toBob, toCarol] = [
      await clients.connect(alice, 0),
      await clients.connect(bob, 1),
      await clients.connect(carol, 0),
    ]
    toBob.send({ type: 'GROUP_JOIN_REQUEST', clientMsgId: 'r0', groupId: closed, body: 'please' })
    await toBob.next({ type: 'ERROR', clientMsgId: 'r0', reason: 'not_group_member' })
    toBob.send({ type: 'GROUP_JOIN_REQUEST', clientMsgId: 'r1', groupId: group, body: 'please' })
    await toBob.next({ type: 'ACK', ackType: 'accepted', clientMsgId: 'r1' })
    expect(await toAlice.next({ type: 'GROUP_JOIN_REQUEST' })).to.include({
      from: bob.id,
      groupId: group,
      body: 'please',
    })
    const decision = { type: 'GROUP_JOIN_DECISION', groupId: group, to: bob.id, accept: true }
    toCarol.send({ ...decision, clientMsgId: 'd0' })
    await toCarol.next({ type: 'ERROR', clientMsgId: 'd0', reason: 'ack_not_allowed' })
    toAlice.send({ ...decision, accept: false })
    expect(await toBob.next({ type: 'GROUP_JOIN_DECISION' })).to.include({ accept: false, from: alice.id })
    toAlice.send(decision)
    expect(await toBob.next({ type: 'GROUP_JOIN_DECISION' })).to.include({ accept: true, groupId: group })
    expect(await toCarol.next({ type: 'GROUP_NOTIFY', event: 'joined' })).to.deep.include({ users: [bob.id] })
    await toBob.next({ type: 'GROUP_NOTIFY', event: 'joined' })
    await clients.say(toBob, group, 'thank you')
    await toAlice.next({ type: 'GROUP_CHAT', body: 'thank you' })
    expect(toCarol.all({ type: 'GROUP_JOIN_REQUEST' }), 'only for those who decide').to.have.length(0)
  })
}
