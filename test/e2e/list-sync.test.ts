import { Standalone } from '../support/standalone.ts'
import { listSyncSuite } from './list-sync.ts'

describe('list sync, standalone', () => {
  let server: Standalone

  before(async () => {
    server = await Standalone.start()
  })
  after(() => server.stop())

  listSyncSuite(() => server)
})
