import { expect } from 'chai'
import type { Session } from '../../../gateway/auth/tokens.ts'
import { OnlineList } from '../../../gateway/online-list.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import type { OnlineStore } from '../../../storage/store.ts'
import { until } from '../../support/until.ts'

const sessionOf = (user: string): Session => ({ user, sv: 0, expiresAt: 0 })

/** The table, as one gateway writes it. */
class Table implements OnlineStore {
  readonly rows = new Set<string>()
  renewals = 0
  changes = 0
  known = true
  fails = false

  async renew(): Promise<boolean> {
    this.renewals++
    const { known } = this
    this.known = true
    return known
  }

  async change(_gatewayId: string, { added, removed }: Parameters<OnlineStore['change']>[1]): Promise<void> {
    this.changes++
    if (this.fails) throw new Error('the database is away')
    for (const { connId } of added) this.rows.add(connId)
    for (const connId of removed) this.rows.delete(connId)
  }

  async list(): Promise<readonly string[]> {
    return [...this.rows]
  }
}

describe('a gateway’s part of the online list', () => {
  let table: Table
  let list: OnlineList
  beforeEach(() => {
    table = new Table()
    list = new OnlineList('g1', table, makeLogger('silent', 'test'), 20)
  })
  afterEach(() => list.close())

  it('writes what comes while it writes as one', async () => {
    for (let n = 0; n < 100; n++) list.add(`c${n}`, sessionOf(`u${n}`))
    for (let n = 0; n < 100; n += 2) list.remove(`c${n}`)
    await until(() => table.rows.size === 50, 'not everything is written')
    expect(table.changes).to.be.below(4)
  })

  it('needs no lease, and writes nothing, while nobody is here', async () => {
    list.add('c1', sessionOf('u1'))
    await until(() => table.renewals > 1, 'the lease is not renewed')
    list.remove('c1')
    list.remove('never')
    await until(() => table.rows.size === 0, 'the connection stays')
    const { renewals, changes } = table
    const busy = new Table()
    const other = new OnlineList('g2', busy, makeLogger('silent', 'test'), 20)
    other.add('c1', sessionOf('u1'))
    await until(() => busy.renewals > 3, 'the other lease is not renewed')
    await other.close()
    expect([table.renewals, table.changes]).to.deep.equal([renewals, changes])
  })

  it('is whole again after the database was away', async () => {
    table.fails = true
    list.add('c1', sessionOf('u1'))
    list.add('c2', sessionOf('u2'))
    await until(() => table.changes > 0, 'nothing is tried')
    list.remove('c1')
    table.fails = false
    await until(() => table.rows.has('c2'), 'nothing is tried again')
    expect([...table.rows]).to.deep.equal(['c2'])
  })

  it('says again who is here when others have forgotten the gateway', async () => {
    list.add('c1', sessionOf('u1'))
    await until(() => table.rows.has('c1'), 'not written')
    table.rows.clear()
    table.known = false
    await until(() => table.rows.has('c1'), 'not written again')
  })
})
