import { expect } from 'chai'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import { api, unreadOf } from '../support/api.ts'
import { GroupClients, heard, type Person } from '../support/group-clients.ts'
import { gatewayOf, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'
import type { WireClient } from '../support/wire-client.ts'

/** Messages taken back, on any target. */
export function revokeSuite(target: () => Target): void {
  const clients = new GroupClients(target)
  afterEach(() => clients.closeAll())

  const revoke = (client: WireClient, serverMsgId: unknown, clientMsgId = `r${serverMsgId}`) =>
    client.send({ type: 'MESSAGE_REVOKE', clientMsgId, serverMsgId })
  const unread = (person: Person, conversation: string, count: number) =>
    until(async () => {
      const counts = await unreadOf(gatewayOf(target(), 1), person.id, person.token)
      return (counts[conversation] ?? 0) === count
    }, `not ${count} unread`)
  const history = async (person: Person, conversation: string) => {
    const path = `/api/chat/messages/session/${conversation}`
    const { body } = await api(gatewayOf(target(), 0), path, { token: person.token })
    return body.data as { content: string; revoked?: boolean }[]
  }

  /** Briefs of what is not read, newest first. */
  const waiting = async (person: Person, conversation: string) => {
    const path = `/api/im/offline/${conversation}?userId=${person.id}`
    const { body } = await api(gatewayOf(target(), 1), path, { token: person.token })
    const { messages } = body.data as { messages: { msgBrief: string }[] }
    return messages.map(({ msgBrief }) => msgBrief)
  }

  it('a direct message is taken back by its sender: here, there and in what is kept', async () => {
    const [alice, bob, mallory] = await clients.people('alice', 'bob', 'mallory')
    if (!alice || !bob || !mallory) return
    const toAlice = await clients.connect(alice, 0)
    const toBob = await clients.connect(bob, 1)
    const conversation = directConversation(alice.id, bob.id)
    for (const body of ['keep', 'regret'])
      toAlice.send({ type: 'SINGLE_CHAT', clientMsgId: body, to: bob.id, body })
    const { serverMsgId } = await toAlice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'regret' })
    await toBob.next({ type: 'SINGLE_CHAT', body: 'regret' })
    await unread(bob, conversation, 2)
    revoke(toBob, serverMsgId)
    await toBob.next({ type: 'ERROR', reason: 'not_message_sender', serverMsgId })
    revoke(await clients.connect(mallory), serverMsgId)
    revoke(toAlice, '9007199254740991')
    await toAlice.next({ type: 'ERROR', reason: 'message_not_found', serverMsgId: '9007199254740991' })

    for (let times = 0; times < 2; times++) {
      revoke(toAlice, serverMsgId, 'r1')
      const ack = await toAlice.next({ type: 'ACK', ackType: 'revoked', clientMsgId: 'r1' })
      expect(ack).to.include({ serverMsgId, from: alice.id })
    }
    expect(await toBob.next({ type: 'MESSAGE_REVOKED' })).to.deep.equal({
      type: 'MESSAGE_REVOKED',
      serverMsgId,
      from: alice.id,
    })
    await toBob.settle()
    expect(toBob.all({ type: 'MESSAGE_REVOKED' })).to.have.length(1)
    await until(async () => (await history(bob, conversation))[0]?.revoked, 'history does not know')
    await unread(bob, conversation, 2)
    expect(await waiting(bob, conversation)).to.deep.equal(['[空消息]', 'keep'])
    toBob.send({ type: 'ACK', ackType: 'read', serverMsgId, to: alice.id })
    await unread(bob, conversation, 0)
    expect((await history(bob, conversation)).map(({ content }) => content)).to.deep.equal(['', 'keep'])
  })

  it('who was away is not shown the message, but hears that it was taken back', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const toAlice = await clients.connect(alice)
    for (const body of ['keep', 'regret'])
      toAlice.send({ type: 'SINGLE_CHAT', clientMsgId: body, to: bob.id, body })
    const { serverMsgId } = await toAlice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'regret' })
    revoke(toAlice, serverMsgId)
    await toAlice.next({ type: 'ACK', ackType: 'revoked' })
    const conversation = directConversation(alice.id, bob.id)
    await until(async () => (await history(alice, conversation))[0]?.revoked, 'history does not know')
    const toBob = await clients.connect(bob, 1)
    await toBob.next({ type: 'MESSAGE_REVOKED', serverMsgId })
    expect(toBob.all({ type: 'SINGLE_CHAT' }).map(({ body }) => body)).to.deep.equal(['keep'])
    await unread(bob, conversation, 2)
  })

  it('a group message is taken back by its sender, or by who leads the group', async () => {
    const [alice, bob, carol] = await clients.people('alice', 'bob', 'carol')
    if (!alice || !bob || !carol) return
    const group = await clients.group(alice, [bob, carol])
    const [toAlice, toBob, toCarol] = [
      await clients.connect(alice, 0),
      await clients.connect(bob, 1),
      await clients.connect(carol, 0),
    ]
    const first = await clients.say(toBob, group, 'first')
    const second = await clients.say(toBob, group, 'second')
    await clients.say(toBob, group, 'third')
    await toCarol.atLeast(3, { type: 'GROUP_CHAT' })
    await unread(carol, groupConversation(group), 3)
    revoke(toCarol, first)
    await toCarol.next({ type: 'ERROR', reason: 'not_message_sender', serverMsgId: first })
    revoke(toBob, first)
    await toBob.next({ type: 'ACK', ackType: 'revoked', serverMsgId: first })
    revoke(toAlice, second)
    await toAlice.next({ type: 'ACK', ackType: 'revoked', serverMsgId: second })
    for (const client of [toAlice, toBob, toCarol]) {
      await client.next({ type: 'MESSAGE_REVOKED', serverMsgId: first, from: bob.id })
      await client.next({ type: 'MESSAGE_REVOKED', serverMsgId: second, from: alice.id })
    }
    await unread(carol, groupConversation(group), 3)
    expect(await waiting(carol, groupConversation(group))).to.deep.equal(['third', '[空消息]', '[空消息]'])
    toCarol.send({ type: 'ACK', ackType: 'read', serverMsgId: second, groupId: group })
    await unread(carol, groupConversation(group), 1)
    expect(heard(toCarol, group)).to.deep.equal(['first', 'second', 'third'])
  })
}
