import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { PortPicker } from '../../../tools/cluster/ports.ts'

describe('picking ports', () => {
  it('never offers one twice', async () => {
    const picker = new PortPicker()
    const picked = await Promise.all(Array.from({ length: 50 }, () => picker.pick('a', 'b')))
    const ports = picked.flatMap(p => [p.a, p.b])
    expect(new Set(ports).size).to.equal(100)
  })

  it('stays below the ports that outgoing connections take', async () => {
    const picker = new PortPicker()
    for (let i = 0; i < 20; i++) expect(await picker.one()).to.be.within(20_000, 32_767)
  })

  it('refuses a port that somebody listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const refusal = await new PortPicker().claim(port).catch(String)
    server.close()
    expect(refusal).to.include(`port ${port} is in use`)
  })
})
