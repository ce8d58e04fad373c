import { expect } from 'chai'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import type { Database } from '../../storage/database.ts'
import { api } from '../support/api.ts'
import { GroupClients } from '../support/group-clients.ts'
import { StompClient } from '../support/stomp-client.ts'
import { gatewayOf, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

/** Document 002, sections 2 to 4: what waits is in the tables' views, too; on any target. `open` opens its database. */
export function offlineViewsSuite(target: () => Target, open: () => Promise<Database>): void {
  const clients = new GroupClients(target)
  let database: Database
  before(async () => {
    database = await open()
  })
  after(() => database?.close())
  afterEach(() => clients.closeAll())

  it('what was sent to who was away is in the views until it is acknowledged, direct and in groups', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const group = await clients.group(alice, [bob])
    const [direct, grouped] = [directConversation(alice.id, bob.id), groupConversation(group)]
    const a = await StompClient.connect(gatewayOf(target(), 0), alice.token)
    for (const msgId of ['one', 'two'])
      a.send('chat.sendMessage', {
        msgId,
        toUserId: bob.id,
        content: `body of ${msgId}`,
        messageType: 'TEXT',
      })
    a.send('group.sendMessage', { msgId: 'three', groupId: group, content: 'to all', messageType: 'TEXT' })
    for (const originalMsgId of ['one', 'two', 'three'])
      await a.next('reply', { originalMsgId, status: 'SUCCESS' })
    await a.close()

    const waiting = async () => {
      const sql = 'select conversation_id as c, msg_id as m, msg_brief as b from t_im_offline_message'
      const rows = await database.rows<{ c: string; m: string; b: string }>(
        `${sql} where receiver_id = ? order by id`,
        [bob.id],
      )
      return rows.map(({ c, m, b }) => [c, m, b])
    }
    const counted = async () => {
      const sql = 'select conversation_id as c, unread_count as n from t_im_unread_counter where user_id = ?'
      const rows = await database.rows<{ c: string; n: number }>(sql, [bob.id])
      return Object.fromEntries(rows.map(({ c, n }) => [c, Number(n)]))
    }
    expect(await waiting()).to.deep.equal([
      [direct, 'one', 'body of one'],
      [direct, 'two', 'body of two'],
      [grouped, 'three', 'to all'],
    ])
    expect(await counted()).to.deep.equal({ [direct]: 2, [grouped]: 1 })

    const ack = (conversationId: string, msgIds: string[]) =>
      api(gatewayOf(target(), 1), '/api/im/offline/ack', {
        token: bob.token,
        body: { userId: bob.id, conversationId, msgIds },
      })
    expect((await ack(direct, ['two'])).body).to.include({ success: true })
    await until(async () => (await waiting()).length === 2, 'the acknowledged message still waits')
    expect(await waiting()).to.deep.equal([
      [direct, 'one', 'body of one'],
      [grouped, 'three', 'to all'],
    ])
    expect(await counted()).to.deep.equal({ [direct]: 1, [grouped]: 1 })
    await ack(grouped, ['three'])
    await ack(direct, ['one'])
    await until(async () => (await waiting()).length === 0, 'something still waits')
    expect(await counted()).to.deep.equal({})
  })
}
