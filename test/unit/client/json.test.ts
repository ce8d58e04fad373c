import { expect } from 'chai'
import { HomingClient, type Message, Unsupported } from '../../../client/index.ts'
import { ScriptedServer } from './scripted-server.ts'
import { hasty, until } from './support.ts'

describe('what a client has on JSON only', () => {
  let server: ScriptedServer
  let client: HomingClient

  beforeEach(async () => {
    server = await ScriptedServer.start()
    client = new HomingClient({ url: server.url, token: 'good', ...hasty })
    await client.connect()
    await until(() => client.state.name === 'online')
  })

  afterEach(async () => {
    client.close()
    await server.stop()
  })

  it('sends to a group with its id', async () => {
    await client.send({ groupId: 'g1', body: 'all', mentions: ['bob'], important: true }).saved
    const [frame] = server.last.sent('GROUP_CHAT')
    expect(frame).to.include({ groupId: 'g1', body: 'all', important: true })
  })

  it('hands on who is mentioned, what is important and the sender’s own id', async () => {
    const messages: Message[] = []
    client.on('message', message => messages.push(message))
    const fields = { clientMsgId: 'c', mentions: ['alice'], important: true, replyToServerMsgId: '3' }
    server.last.deliver(7, fields)
    await until(() => messages.length === 1)
    expect(messages[0]).to.deep.include(fields)
  })

  it('tells of revocations and of what happens in groups', async () => {
    const told: unknown[] = []
    client.on('revoked', sign => told.push(['revoked', sign]))
    client.on('notify', notice => told.push(['notify', notice.event, notice.users]))
    server.last.push({ type: 'MESSAGE_REVOKED', serverMsgId: '2', from: 'bob' })
    const users = [10002]
    server.last.push({ type: 'GROUP_NOTIFY', groupId: 'g', serverMsgId: '3', event: 'joined', users })
    await until(() => told.length === 2)
    expect(told).to.deep.equal([
      ['revoked', { serverMsgId: '2', from: 'bob' }],
      ['notify', 'joined', ['10002']],
    ])
  })

  it('resolves a revocation when it is done, also over a lost connection', async () => {
    const revoked = client.revoke('7')
    await until(() => server.last.sent('MESSAGE_REVOKE').length === 1)
    const [first] = server.last.sent('MESSAGE_REVOKE')
    server.last.socket.terminate()
    await until(() => server.connections.length === 2 && server.last.sent('MESSAGE_REVOKE').length === 1)
    expect(server.last.sent('MESSAGE_REVOKE')).to.deep.equal([first])
    server.last.push({ type: 'ACK', ackType: 'revoked', clientMsgId: first?.clientMsgId ?? '' })
    await revoked
  })

  it('says that there is no sync', async () => {
    expect(await client.sync().catch((e: unknown) => e)).to.be.instanceOf(Unsupported)
  })
})
