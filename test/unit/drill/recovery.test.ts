import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Balancer } from '../../../tools/drill/balancer.ts'
import { readOptions } from '../../../tools/drill/options.ts'
import { outagesOf } from '../../../tools/drill/outage.ts'
import { tableOf } from '../../../tools/drill/recovery.ts'
import { targets } from '../../../tools/drill/schedule.ts'
import { eventually } from '../../support/eventually.ts'

describe('a drill of recoveries', () => {
  it('loses everything that users are on, killed and then frozen, or what it is told', () => {
    const names = (of: Parameters<typeof outagesOf>[0]) =>
      outagesOf(of).map(({ target, kind }) => `${kind} ${target}`)
    expect(names(targets)).to.have.length(8)
    expect(names(['pair', 'database'])).to.deep.equal(['kill pair', 'freeze pair'])
    expect(readOptions(['--recoveries']).recoveries).to.equal(true)
    expect(readOptions([]).recoveries).to.equal(false)
  })

  it('says the share of all users in time, and a dash where a share was not in time', () => {
    const kind = { target: 'pair', kind: 'kill' } as const
    const took = Array.from({ length: 100 }, (_, index) => index * 10)
    const rows = tableOf([
      { kind, users: 100, took, load: 3.14 },
      { kind, users: 101, took, load: 3.14 },
      { kind, users: 300, took, load: 3.14 },
    ]).slice(2)
    expect(rows).to.deep.equal([
      '| host and its daprd killed | 100 | 500 ms | 990 ms | 990 ms | 3.1 |',
      '| host and its daprd killed | 101 | 500 ms | 990 ms | — | 3.1 |',
      '| host and its daprd killed | 300 | — | — | — | 3.1 |',
    ])
  })

  it('sends clients to gateways that are well, and anywhere while none is', async () => {
    const servers = await Promise.all([serve(), serve()])
    const urls = servers.map(server => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const balancer = new Balancer(urls)
    try {
      expect(balancer.gateways).to.deep.equal(urls)
      end(servers[0])
      await eventually(() => expect(balancer.gateways).to.deep.equal(urls.slice(1)))
      end(servers[1])
      await eventually(() => expect(balancer.gateways).to.deep.equal(urls))
    } finally {
      balancer.close()
      servers.forEach(end)
    }
  })
})

function serve(): Promise<Server> {
  const server = createServer((_request, response) => response.end('{}'))
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function end(server: Server | undefined): void {
  server?.close()
  server?.closeAllConnections()
}
