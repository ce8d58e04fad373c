import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { directConversation, groupConversation } from '../../protocol/ids.ts'
import { briefOf } from '../../protocol/offline.ts'
import { type Database, openSqlite } from '../../storage/database.ts'
import { openMysql } from '../../storage/mysql.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'

/** The views that people query by the names of old. */
function offlineViews(name: string, open: () => { store: SqlStore; database: Database }): void {
  it(`show what is unread, on ${name}`, async () => {
    const { store, database } = open()
    const conversation = directConversation('alice', 'bob')
    const bodies = ['before my own', 'mine', 'read alone', '', `${'é'.repeat(50)}`, `${'😀'.repeat(51)}`]
    for (const [index, body] of bodies.entries()) {
      const [sender, recipient] = body === 'mine' ? ['bob', 'alice'] : ['alice', 'bob']
      await database.run(
        `insert into message
         (seq, feed, conversation, kind, sender, client_msg_id, recipient, body, msg_type, ts)
         values (?, 'f', ?, 'direct', ?, ?, ?, ?, 'TEXT', ?)`,
        [index + 1, conversation, sender, index === 3 ? null : `m${index}`, recipient, body, 1000 + index],
      )
    }
    await store.users.saveCursors({
      delivered: [],
      read: [
        { user: 'bob', conversation, seq: 0, single: [3] },
        { user: 'alice', conversation, seq: 2, single: [] },
      ],
    })
    const rows = await database.rows('select * from t_im_offline_message order by id')
    const expected = [4, 5, 6].map(seq => ({
      id: seq,
      receiver_id: 'bob',
      conversation_id: conversation,
      msg_id: seq === 4 ? '4' : `m${seq - 1}`,
      msg_brief: briefOf(bodies[seq - 1] ?? ''),
      created_at: 999 + seq,
    }))
    expect(rows.map(row => ({ ...(row as object) }))).to.deep.equal(expected)
    const counters = await database.rows('select * from t_im_unread_counter')
    expect(counters.map(row => ({ ...(row as object) }))).to.deep.equal([
      { user_id: 'bob', conversation_id: conversation, unread_count: 3, updated_at: 1005 },
    ])
    const { conversations } = await store.messages.unread('bob')
    expect(conversations.map(({ unread }) => unread)).to.deep.equal([3])
  })

  it(`show what is unread in groups since joining, also what was taken back, on ${name}`, async () => {
    const { store, database } = open()
    const conversation = groupConversation('7')
    for (const [user, left] of [
      ['carol', 0],
      ['dave', 14],
    ])
      await database.run(
        `insert into t_im_group_member (group_id, user_id, joined_seq, left_seq, role, joined_at)
         values ('7', ?, 11, ?, 'member', 0)`,
        [user ?? '', left ?? 0],
      )
    for (const [seq, revoked] of [
      [10, 0],
      [12, 0],
      [13, 1],
      [14, 0],
    ])
      await database.run(
        `insert into message
         (seq, feed, conversation, kind, sender, client_msg_id, recipient, body, msg_type, ts, revoked)
         values (?, 'group.7', ?, 'group', 'erin', ?, '7', 'hi', 'TEXT', ?, ?)`,
        [seq ?? 0, conversation, `g${seq}`, 1000, revoked ?? 0],
      )
    const rows = await database.rows<{ id: number; receiver_id: string; msg_brief: string }>(
      `select id, receiver_id, msg_brief from t_im_offline_message
       where conversation_id = '${conversation}' order by id`,
    )
    expect(rows.map(({ id, receiver_id, msg_brief }) => [id, receiver_id, msg_brief])).to.deep.equal([
      [12, 'carol', 'hi'],
      [13, 'carol', '[空消息]'],
      [14, 'carol', 'hi'],
    ])
    const { conversations } = await store.messages.unread('carol')
    expect(conversations.map(({ unread }) => unread)).to.deep.equal([3])
  })
}

describe('the views of what waits', () => {
  let directory: string
  let store: SqlStore
  let database: Database
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'homing-views-'))
    const path = join(directory, 'homing.db')
    store = await SqlStore.sqlite(path)
    await store.migrate()
    database = await openSqlite(path)
  })
  after(async () => {
    await database.close()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })
  offlineViews('SQLite', () => ({ store, database }))
})

const onDatabase = hasDatabase() ? describe : describe.skip

onDatabase('the views of what waits, in a cluster', function () {
  this.timeout(60_000)
  let server: TestDatabase
  let store: SqlStore
  let database: Database
  before(async () => {
    server = await TestDatabase.start()
    store = await SqlStore.mysql(server.url('views'))
    await store.migrate()
    database = await openMysql(server.url('views'))
  })
  after(async () => {
    await database?.close()
    await store?.close()
    await server?.stop()
  })
  offlineViews('MariaDB', () => ({ store, database }))
})
