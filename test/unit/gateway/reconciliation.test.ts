import { expect } from 'chai'
import type { PushPlace, ReconcileRequest } from '../../../actors/gateway-watch.ts'
import type { Connection } from '../../../gateway/connection/connection.ts'
import { Reconciliation } from '../../../gateway/reconciliation.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { makeLogger } from '../../../runtime/logger.ts'

describe('a gateway comparing its connections with the hosts', () => {
  let bus: MemoryBus
  let byHost: Record<string, string[]>
  let doubted: string[]
  let compared: Record<string, PushPlace>
  let lists: ReconcileRequest[]
  let reconciliation: Reconciliation

  beforeEach(() => {
    bus = new MemoryBus()
    byHost = { h1: ['a', 'b'], h2: ['c'] }
    doubted = []
    compared = {}
    lists = []
    const all = () => Object.values(byHost).flat() as string[]
    const connections = {
      hosts: () => new Set(Object.keys(byHost)),
      idsOn: (hostId: string) => byHost[hostId] ?? [],
      doubtAll: async (which: (connection: Connection) => boolean) => {
        doubted.push(...all().filter(connId => which({ connId } as Connection)))
      },
      compare: (pushed: Readonly<Record<string, PushPlace>>) => {
        Object.assign(compared, pushed)
      },
    }
    reconciliation = new Reconciliation('g1', bus, connections, makeLogger('silent', 'test'))
  })
  afterEach(() => reconciliation.close())

  function host(hostId: string, unknown: string[], pushed: Record<string, PushPlace> = {}): void {
    bus.subscribe(subjects.reconcile(hostId), ({ value, respond }) => {
      lists.push(value as ReconcileRequest)
      respond?.({ unknown, pushed })
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

  it('compares what has come with how far each has been pushed to', async () => {
    host('h1', [], { a: [7, 2], b: [9, 0] })
    host('h2', [], { c: [8, 1] })
    await reconciliation.reconcileAll()
    expect(compared).to.deep.equal({ a: [7, 2], b: [9, 0], c: [8, 1] })
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
