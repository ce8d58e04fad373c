import { expect } from 'chai'
import { directConversation } from '../../protocol/ids.ts'
import type { Database } from '../../storage/database.ts'
import { bury } from '../../storage/sql-dead-letters.ts'
import { api, unreadOf } from '../support/api.ts'
import { GroupClients, type Person } from '../support/group-clients.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import type { WireClient } from '../support/wire-client.ts'

interface LetterDto {
  readonly id: string
  readonly subject: string
  readonly fromUserId?: string
  readonly msgId?: string
  readonly payload: string
  readonly detail: string
}

/** What admins do about what could not be saved, on any target; `open` opens its database. */
export function deadLettersSuite(target: () => Target, open: () => Promise<Database>): void {
  const clients = new GroupClients(target)
  const url = (index: number) => gatewayOf(target(), index)
  let admin: Person
  let database: Database
  before(async () => {
    const id = newUser('admin')
    admin = { id, token: await signToken(target(), id, { role: 'admin' }) }
    database = await open()
  })
  after(() => database?.close())
  afterEach(() => clients.closeAll())

  const call = (method: string, path: string, token = admin.token) =>
    api(url(1), `/api/admin/dead-letters${path}`, { method, token })
  const replay = (id: string) => call('POST', `/${id}/replay`)
  const find = async (id: string): Promise<LetterDto | undefined> => {
    const { body } = await call('GET', `?after=${Number(id) - 1}&limit=1`)
    return (body.data as { letters: LetterDto[] }).letters.find(letter => letter.id === id)
  }
  const history = async (person: Person, conversation: string) => {
    const { body } = await api(url(0), `/api/chat/messages/session/${conversation}`, { token: person.token })
    return (body.data as { msgId: string }[]).map(({ msgId }) => msgId)
  }

  async function say(client: WireClient, to: Person, ...ids: string[]): Promise<string[]> {
    const seqs: string[] = []
    for (const id of ids) {
      client.send({ type: 'SINGLE_CHAT', clientMsgId: id, to: to.id, body: `body of ${id}` })
      const { serverMsgId } = await client.next({ type: 'ACK', ackType: 'saved', clientMsgId: id })
      seqs.push(String(serverMsgId))
    }
    return seqs
  }

  /** Makes of a saved message what it would be had it not been saved: a letter. */
  async function putAside(from: Person, to: Person, id: string, clientMsgId: string): Promise<void> {
    const seq = Number(id)
    const entry = { kind: 'direct', from: from.id, to: to.id, clientMsgId, msgType: 'TEXT', ts: Date.now() }
    await database.transaction(async within => {
      await database.run('delete from message where seq = ?', [seq], within)
      const letter = {
        seq,
        subject: `im.direct.${to.id}`,
        dedupeId: `${from.id}:${clientMsgId}`,
        detail: 'too long',
        payload: Buffer.from(JSON.stringify({ ...entry, body: `body of ${clientMsgId}` })),
      }
      await bury(database, letter, within)
    })
  }

  it('a replayed message is in history at its own place, unread, and known to its sender', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const conversation = directConversation(alice.id, bob.id)
    const toAlice = await clients.connect(alice, 0)
    const [, id = ''] = await say(toAlice, bob, 'one', 'two', 'three')
    await putAside(alice, bob, id, 'two')
    expect(await history(bob, conversation)).to.deep.equal(['three', 'one'])
    expect(await unreadOf(url(0), bob.id, bob.token)).to.deep.equal({ [conversation]: 2 })
    expect(await find(id)).to.include({
      subject: `im.direct.${bob.id}`,
      fromUserId: alice.id,
      msgId: 'two',
      detail: 'too long',
    })

    const answer = await replay(id)
    expect(answer.body, JSON.stringify(answer.body)).to.deep.include({ data: { outcome: 'stored' } })
    expect(await history(bob, conversation)).to.deep.equal(['three', 'two', 'one'])
    expect(await unreadOf(url(0), bob.id, bob.token)).to.deep.equal({ [conversation]: 3 })
    expect(await say(toAlice, bob, 'two'), 'a repeat is answered with the first seq').to.deep.equal([id])
    expect(await history(bob, conversation)).to.have.length(3)
    const toBob = await clients.connect(bob, 1)
    await toBob.atLeast(3, { type: 'SINGLE_CHAT' })
    expect(toBob.all({ type: 'SINGLE_CHAT' }).map(frame => frame.clientMsgId)).to.deep.equal([
      'one',
      'two',
      'three',
    ])
    expect(await replay(id)).to.have.nested.property('body.errCode', 'ADMIN_002')
    expect((await replay(id)).status).to.equal(404)
    const { body } = await api(url(0), `/api/admin/audit?userId=${alice.id}&event=dead-letter-replayed`, {
      token: admin.token,
    })
    expect((body.data as { events: object[] }).events[0]).to.deep.include({
      byId: admin.id,
      detail: { deadLetter: id, subject: `im.direct.${bob.id}`, outcome: 'stored' },
    })
  })

  it('what its sender has sent again since is not stored a second time', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const toAlice = await clients.connect(alice, 0)
    const [id = ''] = await say(toAlice, bob, 'first', 'again')
    await putAside(alice, bob, id, 'again')
    expect((await replay(id)).body).to.deep.include({ data: { outcome: 'already_stored' } })
    expect(await history(bob, directConversation(alice.id, bob.id))).to.deep.equal(['again'])
    expect(await find(id)).to.equal(undefined)
  })

  it('what is no entry, or changes a group, stays until it is given up', async () => {
    const [alice, bob] = await clients.people('alice', 'bob')
    if (!alice || !bob) return
    const toAlice = await clients.connect(alice, 0)
    const notice = { kind: 'notice', from: alice.id, group: '1', opId: 'x', change: { event: 'left' } }
    const payloads = ['no JSON', '{"kind":"direct"}', JSON.stringify(notice)]
    for (const payload of payloads) {
      const [id = ''] = await say(toAlice, bob, `m${payload.length}`)
      await putAside(alice, bob, id, 'x')
      await database.run('update dead_letter set payload = ? where seq = ?', [
        Buffer.from(payload),
        Number(id),
      ])
      const refused = await replay(id)
      expect(refused.status, payload).to.equal(409)
      expect(refused.body).to.include({ success: false, errCode: 'ADMIN_003' })
      expect((await find(id))?.payload).to.equal(payload)
      expect((await call('DELETE', `/${id}`)).body).to.include({ success: true })
      expect((await call('DELETE', `/${id}`)).status).to.equal(404)
      expect(await find(id)).to.equal(undefined)
    }
    for (const path of ['/0', '/x/replay', '/1.5'])
      expect((await call(path.endsWith('replay') ? 'POST' : 'DELETE', path)).status, path).to.equal(400)
  })

  it('nobody but admins replays or gives up', async () => {
    const mallory = await clients.person('mallory')
    expect((await call('POST', '/1/replay', mallory.token)).status).to.equal(403)
    expect((await call('DELETE', '/1', mallory.token)).status).to.equal(403)
  })
}
