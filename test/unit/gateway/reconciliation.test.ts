import { expect } from 'chai'
import type { ReconcileRequest } from '../../../actors/gateway-watch.ts'
import type { Connection } from '../../../gateway/connection/connection.ts'
import { Reconciliation } from '../../../gateway/reconciliation.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { makeLogger } from '../../../runtime/logger.ts'

describe('a gateway comparing its connections with the hosts', () => {
  let bus: MemoryBus
  let byHost: Record<string, string[]>
  let doubted: string[]
  let lists: ReconcileRequest[]
  let reconciliation: Reconciliation

  beforeEach(() => {
    bus = new MemoryBus()
    byHost = { h1: ['a', 'b'], h2: ['c'] }
    doubted = []
    lists = []
    const all = () => Object.values(byHost).flat() as string[]
    const connections = {
      hosts: () => new Set(Object.keys(byHost)),
      idsOn: (hostId: string) => byHost[hostId] ?? [],
      doubtAll: async (which: (connection: Connection) => boolean) => {
        doubted.push(...all().filter(connId => which({ connId } as Connection)))
      },
    }
    reconciliation = new Reconciliation('g1', bus, connections, makeLogger('silent', 'test'))
  })
  afterEach(() => reconciliation.close())

  function host(hostId: string, unknown: string[]): void {
    bus.subscribe(subjects.reconcile(hostId), ({ value, respond }) => {
      lists.push(value as ReconcileRequest)
      respond?.({ unknown })
    })
  }

  it('tells each host its own, and touches those a host does not know', async () => {
    host('h1', ['b'])
    host('h2', [])
    await reconciliation.reconcileAll()
    expect(lists).to.have.deep.members([
      { gatewayId: 'g1', connIds: ['a', 'b'] },
      { gatewayId: 'g1', connIds: ['c'] },
    ])
    expect(doubted).to.deep.equal(['b'])
  })

  it('also tells a host that has none of them any more', async () => {
    host('h1', [])
    await reconciliation.reconcileAll()
    byHost = {}
    await reconciliation.reconcileAll()
    expect(lists.at(-1)).to.deep.equal({ gatewayId: 'g1', connIds: [] })
  })

  it('forgets a host that nobody serves', async () => {
    await reconciliation.reconcileAll()
    byHost = {}
    host('h1', [])
    await reconciliation.reconcileAll()
    expect(lists).to.deep.equal([])
  })
})
