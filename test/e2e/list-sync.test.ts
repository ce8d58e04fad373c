import { Standalone } from '../support/standalone.ts'
import { listSyncSuite } from './list-sync.ts'
import { drillLists } from './list-sync-drill.ts'

describe('list sync, standalone', () => {
  let server: Standalone

  before(async () => {
    server = await Standalone.start()
  })
  after(() => server.stop())

  listSyncSuite(() => server)

  it('ends with every list equal to the table after the server was killed under writers and clients', async function () {
    this.timeout(60_000)
    await drillLists({
      target: server,
      writers: 4,
      changes: 300,
      clients: 16,
      settleMs: 10_000,
      fault: async () => {
        await server.end('SIGKILL')
        await server.restart()
      },
    })
  })
})
