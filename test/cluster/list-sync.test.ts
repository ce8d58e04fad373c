import { listSyncSuite } from '../e2e/list-sync.ts'
import { drillLists } from '../e2e/list-sync-drill.ts'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'

/** LIST_CHANGES=10000 is the full drill, of minutes. */
const CHANGES = Number(process.env.LIST_CHANGES ?? 2000)

describe('list sync in the cluster, clients and changes at different gateways', function () {
  this.timeout(60_000)
  let target: ClusterTarget

  before(async () => {
    target = await ClusterTarget.start({ settings: unlimited })
  })
  after(() => target?.stop())

  listSyncSuite(() => target)

  it('ends with every list equal to the table after a gateway was killed under writers and 100 clients', async function () {
    this.timeout(900_000)
    await drillLists({
      target,
      writers: 4,
      changes: CHANGES,
      clients: 100,
      settleMs: 30_000,
      fault: async () => {
        await target.cluster.kill('gateway-2')
        await target.cluster.restartPair('gateway-2')
      },
    })
  })
})
