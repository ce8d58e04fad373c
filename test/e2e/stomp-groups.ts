import { expect } from 'chai'
import { groupConversation } from '../../protocol/ids.ts'
import { api, unreadOf } from '../support/api.ts'
import { GroupClients } from '../support/group-clients.ts'
import { StompClient, transports } from '../support/stomp-client.ts'
import { gatewayOf, type Target } from '../support/target.ts'

/** Groups over STOMP, together with clients of the other protocol; on any target. */
export function stompGroupsSuite(target: () => Target): void {
  const clients = new GroupClients(target)
  const url = (index: number) => gatewayOf(target(), index)
  afterEach(() => clients.closeAll())

  for (const transport of transports)
    it(`a group message goes to members of both protocols over ${transport}; an outsider’s FAILs`, async () => {
      const [alice, bob, carol, mallory] = await clients.people('alice', 'bob', 'carol', 'mallory')
      if (!alice || !bob || !carol || !mallory) return
      const group = await clients.group(alice, [bob, carol])
      const [a, m] = [
        await StompClient.connect(url(0), alice.token, { transport }),
        await StompClient.connect(url(0), mallory.token, { transport }),
      ]
      const b = await StompClient.connect(url(1), bob.token, { transport })
      const toCarol = await clients.connect(carol, 1)
      const message = { groupId: group, content: 'hi all', messageType: 'IMAGE' }
      a.send('group.sendMessage', { msgId: 'g1', ...message })
      const saved = await a.next('reply', { originalMsgId: 'g1', status: 'SUCCESS' })
      expect(saved).to.include({ sessionId: groupConversation(group) })
      expect(await b.next('messages', { type: 'CHAT' })).to.include({
        msgId: 'g1',
        serverMsgId: saved.serverMsgId,
        sessionId: groupConversation(group),
        chatType: 'GROUP',
        groupId: group,
        fromUserId: alice.id,
        content: 'hi all',
        messageType: 'IMAGE',
      })
      expect(await toCarol.next({ type: 'GROUP_CHAT' })).to.include({ clientMsgId: 'g1', from: alice.id })
      m.send('group.sendMessage', { msgId: 'g2', ...message })
      expect(await m.next('reply', { originalMsgId: 'g2' })).to.include({
        status: 'FAIL',
        errorCode: 'GROUP_MESSAGE_SEND_FAILED',
        reason: 'not_group_member',
      })
      await a.settle()
      expect(a.all('messages', { type: 'CHAT' }), 'nobody gets a copy of what they say').to.have.length(0)
      await clients.ok(alice, 'DELETE', `/${group}/members/${bob.id}?operatorId=${alice.id}`)
      const notice = await b.next('messages', { code: 'GROUP_NOTIFY', content: 'removed' })
      expect(notice).to.include({ type: 'SYSTEM', sessionId: groupConversation(group) })
      expect(notice.msgId).to.match(/^[1-9][0-9]*$/)
      await clients.say(toCarol, group, 'without bob')
      await b.settle()
      expect(b.all('messages', { type: 'CHAT' })).to.have.length(1)
      await Promise.all([a, b, m].map(client => client.close()))
    })

  it('what was said in a group meanwhile is in the summary and the lists until it is acknowledged', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const group = await clients.group(alice, [bob])
    const conversation = groupConversation(group)
    const toAlice = await clients.connect(alice)
    for (const text of ['one', 'two', 'three']) await clients.say(toAlice, group, text)
    const b = await StompClient.connect(url(1), bob.token)
    const summary = await b.next('offline-summary', {})
    expect((summary.data as object[])[0]).to.include({
      conversationId: conversation,
      unreadCount: 3,
      lastMessageBrief: 'three',
    })
    const unread = async () => (await unreadOf(url(0), bob.id, bob.token))[conversation] ?? 0
    const listed = async () => {
      const path = `/api/im/offline/${conversation}?userId=${bob.id}`
      const { body } = await api(url(0), path, { token: bob.token })
      return (body.data as { messages: { msgId: string }[] }).messages.map(({ msgId }) => msgId)
    }
    expect(await listed()).to.deep.equal(['three', 'two', 'one'])
    b.send('chat.ack', { sessionId: conversation, msgIds: ['two'] })
    await b.settle()
    expect([await listed(), await unread()]).to.deep.equal([['three', 'one'], 2])
    b.send('chat.ack', { sessionId: conversation })
    await b.settle()
    expect([await listed(), await unread()]).to.deep.equal([[], 0])
    await b.close()
  })
}
