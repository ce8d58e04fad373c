import { expect } from 'chai'
import { connect, headers, type NatsConnection } from 'nats'
import { directConversation } from '../../protocol/ids.ts'
import type { Database } from '../../storage/database.ts'
import { openMysql } from '../../storage/mysql.ts'
import { auditSuite } from '../e2e/audit.ts'
import { deadLettersSuite } from '../e2e/dead-letters.ts'
import { offlineViewsSuite } from '../e2e/offline-views.ts'
import { api } from '../support/api.ts'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'
import { GroupClients } from '../support/group-clients.ts'
import { gatewayOf, newUser, signToken } from '../support/target.ts'
import { until } from '../support/until.ts'

describe('audit, dead letters and views of the cluster', function () {
  this.timeout(60_000)
  let target: ClusterTarget

  before(async () => {
    target = await ClusterTarget.start({ settings: unlimited })
  })
  after(() => target?.stop())

  auditSuite(() => target)
  const open = () => openMysql(target.cluster.databaseUrl)
  deadLettersSuite(() => target, open)
  offlineViewsSuite(() => target, open)

  describe('what the log holds and the database does not take', () => {
    const clients = new GroupClients(() => target)
    let nats: NatsConnection
    let database: Database
    let admin: string
    before(async () => {
      const { user, password: pass } = target.cluster.natsCredentials('host')
      const servers = [...target.cluster.natsUrls]
      nats = await connect({ servers, user, pass, inboxPrefix: '_INBOX_host' })
      database = await openMysql(target.cluster.databaseUrl)
      admin = await signToken(target, newUser('admin'), { role: 'admin' })
    })
    after(async () => {
      await nats?.close()
      await database?.close()
    })
    afterEach(() => clients.closeAll())

    async function publish(subject: string, payload: string, dedupeId: string): Promise<string> {
      const own = headers()
      own.set('Nats-Msg-Id', dedupeId)
      const answer = await nats.request(subject, payload, { headers: own, timeout: 5000 })
      return String((answer.json() as { seq: number }).seq)
    }
    const call = (method: string, path: string) =>
      api(gatewayOf(target, 0), `/api/admin/dead-letters${path}`, { method, token: admin })
    const letter = (id: string) =>
      until(async () => {
        const { body } = await call('GET', `?after=${Number(id) - 1}&limit=1`)
        const [found] = (body.data as { letters: { id: string; subject: string }[] }).letters
        return found?.id === id && found
      }, 'no dead letter')

    it('a message: its sender hears an error until it is replayed, and then that it is saved', async () => {
      const [alice, bob] = await clients.people('alice', 'bob')
      if (!alice || !bob) return
      const message = { clientMsgId: 'poison', body: 'hi', msgType: 'T'.repeat(33) }
      const entry = { kind: 'direct', from: alice.id, to: bob.id, ...message, ts: Date.now() }
      const id = await publish(`im.direct.${bob.id}`, JSON.stringify(entry), `${alice.id}:poison`)
      expect((await letter(id)).subject).to.equal(`im.direct.${bob.id}`)

      const toAlice = await clients.connect(alice)
      const repeat = () =>
        toAlice.send({ type: 'SINGLE_CHAT', clientMsgId: 'poison', to: bob.id, body: 'hi' })
      repeat()
      await toAlice.next({ type: 'ERROR', reason: 'internal_error', clientMsgId: 'poison' })
      expect(toAlice.all({ type: 'ACK' }), 'nothing says that it is stored').to.deep.equal([])
      expect((await call('POST', `/${id}/replay`)).status, 'it still does not fit').to.equal(409)

      await database.run('alter table message modify msg_type varchar(64) not null')
      expect((await call('POST', `/${id}/replay`)).body).to.deep.include({ data: { outcome: 'stored' } })
      repeat()
      await toAlice.next({ type: 'ACK', ackType: 'saved', clientMsgId: 'poison', serverMsgId: id })
      const path = `/api/chat/messages/session/${directConversation(alice.id, bob.id)}`
      const { body } = await api(gatewayOf(target, 1), path, { token: bob.token })
      expect((body.data as { serverMsgId: string }[]).map(({ serverMsgId }) => serverMsgId)).to.deep.equal([
        id,
      ])
    })

    it('an audit event: it waits like a message, and the events after it are audited', async () => {
      const id = await publish('im.event', 'no JSON', newUser('event'))
      const user = newUser('told')
      const lost = {
        kind: 'event',
        id: user,
        event: 'login',
        user,
        by: user,
        at: Date.now(),
        address: 'a'.repeat(65),
      }
      const fits = { ...lost, id: newUser('id'), event: 'logout', address: '::1' }
      const tooLong = await publish('im.event', JSON.stringify(lost), user)
      await publish('im.event', JSON.stringify(fits), fits.id)
      expect((await letter(id)).subject).to.equal('im.event')
      await letter(tooLong)
      const names = async () => {
        const { body } = await api(gatewayOf(target, 0), `/api/admin/audit?userId=${user}`, { token: admin })
        return (body.data as { events: { event: string }[] }).events.map(({ event }) => event)
      }
      await until(async () => (await names()).length === 1, 'not audited')
      for (const seq of [id, tooLong]) expect((await call('POST', `/${seq}/replay`)).status).to.equal(409)
      await database.run('alter table audit_event modify address varchar(128) null')
      expect((await call('POST', `/${tooLong}/replay`)).status).to.equal(200)
      expect(await names()).to.include('login')
      expect((await call('DELETE', `/${id}`)).status).to.equal(200)
    })
  })
})
