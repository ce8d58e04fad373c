import { expect } from 'chai'
import { HomingClient, type ProtocolName, Refused } from '../../../client/index.ts'
import { protocolNames } from '../../../client/wire-protocol.ts'
import { ACCEPTED_AT, ScriptedServer } from './scripted-server.ts'
import { hasty, until } from './support.ts'

/** Characters of three bytes each that are more than a frame may have. */
const tooMany = { json: 30_000, msgpack: 400_000 }

for (const protocol of protocolNames) describe(`sending over ${protocol}`, () => suite(protocol))

function suite(protocol: ProtocolName): void {
  let server: ScriptedServer
  let client: HomingClient

  beforeEach(async () => {
    server = await ScriptedServer.start()
    client = new HomingClient({ url: server.url, token: 'good', protocol, ...hasty })
  })

  afterEach(async () => {
    client.close()
    await server.stop()
  })

  it('answers with the seq, first as accepted and then as saved', async () => {
    server.fate = () => 'accept'
    await client.connect()
    const sent = client.send({ to: 'bob', body: 'hello' })
    expect((await sent.accepted).serverMsgId).to.equal('1')
    expect(client.unsaved).to.equal(1)
    server.saveAll()
    const ts = protocol === 'json' ? ACCEPTED_AT : 0
    expect(await sent.saved).to.deep.equal({ clientMsgId: sent.clientMsgId, serverMsgId: '1', ts })
    expect(client.unsaved).to.equal(0)
  })

  it('takes a lone saved for both, as servers without the first phase answer', async () => {
    server.fate = () => 'cut-after'
    await client.connect()
    const sent = client.send({ to: 'bob', body: 'hello' })
    await until(() => server.log.length === 1)
    server.fate = () => 'save'
    expect((await sent.accepted).serverMsgId).to.equal('1')
    expect((await sent.saved).serverMsgId).to.equal('1')
    expect(server.log).to.have.length(1)
  })

  it('keeps what is sent before there is a connection', async () => {
    const sent = client.send({ to: 'bob', body: 'early' })
    await client.connect()
    expect((await sent.saved).serverMsgId).to.equal('1')
  })

  it('rejects for a final refusal and goes on with the next', async () => {
    server.fate = frame => (frame.body === 'bad' ? 'bad_to' : 'save')
    const refused: string[] = []
    client.on('refused', refusal => refused.push(refusal.reason))
    await client.connect()
    const bad = client.send({ to: 'bob', body: 'bad' })
    const good = client.send({ to: 'bob', body: 'good' })
    const error = await bad.accepted.catch((e: unknown) => e)
    expect(error).to.be.instanceOf(Refused).and.to.have.property('reason', 'bad_to')
    expect(await bad.saved.catch((e: unknown) => e)).to.equal(error)
    expect((await good.saved).serverMsgId).to.equal('1')
    expect(refused).to.deep.equal(['bad_to'])
  })

  it('refuses by itself what would close the connection each time anew', async () => {
    const error = await client
      .send({ to: 'bob', body: '€'.repeat(tooMany[protocol]) })
      .saved.catch((e: unknown) => e)
    expect(error).to.have.property('reason', 'body_too_long')
    expect(client.unsaved).to.equal(0)
  })

  it('answers an id that is still on its way with the same promises', () => {
    const sent = client.send({ to: 'bob', body: 'x', clientMsgId: 'one' })
    expect(client.send({ to: 'bob', body: 'x', clientMsgId: 'one' })).to.equal(sent)
    expect(client.unsaved).to.equal(1)
  })

  it('stops a conversation at a refusal and resends in order, while another goes on', async () => {
    let refusals = 0
    server.fate = frame => (frame.body === 'b2' && refusals++ < 3 ? 'server_busy' : 'save')
    await client.connect()
    const sends = ['b1', 'b2', 'b3', 'b4'].map(body => client.send({ to: 'bob', body }))
    await client.send({ to: 'carol', body: 'c1' }).saved
    await Promise.all(sends.map(sent => sent.saved))
    const toBob = server.log.filter(message => message.conversation === 'bob')
    expect(toBob.map(message => message.body)).to.deep.equal(['b1', 'b2', 'b3', 'b4'])
    const tries = server.last.sent('SINGLE_CHAT').map(frame => frame.body)
    expect(tries.join(' ')).to.equal('b1 c1 b2 b3 b4 b2 b2 b2 b3 b4')
  })

  it('takes a new connection when it cannot tell which frame was refused', async () => {
    server.fate = () => 'accept'
    await client.connect()
    const sent = client.send({ to: 'bob', body: 'x' })
    await sent.accepted
    server.fate = () => 'save'
    server.last.push({ type: 'ERROR', reason: 'internal_error' })
    await sent.saved
    expect(server.connections).to.have.length(2)
  })
}
