import { expect } from 'chai'
import type { UserActor } from '../../actors/user/user-actor.ts'
import type { HomingError } from '../../protocol/errors.ts'
import { directConversation } from '../../protocol/ids.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { Saver } from '../../storage/saver.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { hasDatabase, TestDatabase } from '../support/database.ts'
import { type LogProcess, NatsLogs } from '../support/nats-log.ts'
import { until } from '../support/until.ts'
import { UserActors } from '../support/user-actors.ts'
import { newUser } from './message-log.ts'

const onDatabase = hasDatabase() ? describe : describe.skip

onDatabase('what is unread, while the saver is behind', function () {
  this.timeout(60_000)
  let server: TestDatabase
  let logs: NatsLogs
  let host: LogProcess
  let store: SqlStore
  let actors: UserActors
  let savers: Saver[]

  before(async function () {
    logs = await NatsLogs.start(this, 1)
    server = await TestDatabase.start()
    store = await SqlStore.mysql(server.url('unread'))
    await store.migrate()
    host = await logs.open()
    actors = new UserActors({ ...host, store })
    savers = []
  })
  after(async () => {
    await Promise.all((savers ?? []).map(saver => saver.stop()))
    await actors?.close()
    await store?.close()
    await server?.stop()
    await logs?.stop()
  })

  async function startSaver(): Promise<Saver> {
    const { bus, reader } = await logs.open()
    const logger = makeLogger('silent', 'test')
    const purges = store.purgeSamples('saver', 3_600_000)
    const saver = new Saver({ saved: store.savedLog(), reader, bus, logger, purges })
    savers.push(saver)
    saver.run().catch(() => {})
    return saver
  }

  const say = async (actor: UserActor, to: string, clientMsgId: string): Promise<number> => {
    const op = { op: 'send', to, clientMsgId, body: 'b', msgType: 'TEXT' } as const
    const [sent] = (await actor.invoke('post', { ops: [op] })) as { seq: number }[]
    return sent?.seq ?? 0
  }

  it('is not counted before it is known that a reply of an earlier activation has read it', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const [alices, bobs] = [await actors.activate(alice), await actors.activate(bob)]
    const said = await say(alices, bob, 'said')
    const saver = await startSaver()
    await until(async () => (await store.messages.position()) >= said, 'nothing is saved')
    await saver.stop()
    expect(await bobs.invoke('unread', null)).to.deep.equal([
      { conversation: directConversation(alice, bob), unread: 1 },
    ])
    const replied = await say(bobs, alice, 'reply')
    await bobs.deactivate('moved')

    const next = await actors.activate(bob)
    const asked = () =>
      Promise.resolve(next.invoke('unread', null)).catch((error: HomingError) => error.reason)
    expect(await asked(), 'nobody can know it yet').to.equal('server_busy')
    await startSaver()
    await until(async () => (await store.messages.position()) >= replied, 'the reply is not saved')
    expect(await until(async () => notBusy(await asked()), 'it is never known')).to.deep.equal([])
    await Promise.all([alices.deactivate('shutdown'), next.deactivate('shutdown')])
  })
})

const notBusy = (answer: unknown): unknown => (answer === 'server_busy' ? undefined : answer)
