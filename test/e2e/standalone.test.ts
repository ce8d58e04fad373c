import { join } from 'node:path'
import { openSqlite } from '../../storage/database.ts'
import { Standalone } from '../support/standalone.ts'
import { auditSuite } from './audit.ts'
import { authenticationSuite } from './authentication.ts'
import { clientLibrarySuite } from './client-library.ts'
import { deadLettersSuite } from './dead-letters.ts'
import { devicesSuite } from './devices.ts'
import { groupRestSuite } from './group-rest.ts'
import { groupsSuite } from './groups.ts'
import { msgpackSuite } from './msgpack.ts'
import { offlineSuite } from './offline.ts'
import { offlineViewsSuite } from './offline-views.ts'
import { presenceSuite } from './presence.ts'
import { refusalsSuite } from './refusals.ts'
import { renewalSuite } from './renewal.ts'
import { revocationSuite } from './revocation.ts'
import { revokeSuite } from './revoke.ts'
import { sendingSuite } from './sending.ts'
import { singleLoginSuite } from './single-login.ts'
import { sizesSuite } from './sizes.ts'
import { stompSuite } from './stomp.ts'

describe('standalone', () => {
  let server: Standalone

  before(async () => {
    server = await Standalone.start({
      FRAMES_PER_SECOND: '10000',
      FRAMES_BURST: '10000',
      MESSAGES_PER_SECOND: '10000',
      MESSAGES_BURST: '10000',
    })
  })
  after(() => server.stop())

  sendingSuite(() => server)
  singleLoginSuite(() => server)
  devicesSuite(() => server)
  presenceSuite(() => server)
  offlineSuite(() => server)
  authenticationSuite(() => server)
  renewalSuite(() => server)
  revocationSuite(() => server)
  refusalsSuite(() => server)
  sizesSuite(() => server)
  groupsSuite(() => server)
  groupRestSuite(() => server)
  revokeSuite(() => server)
  stompSuite(() => server)
  describe('audit', () => auditSuite(() => server))
  const open = () => openSqlite(join(server.dataDir, 'homing.db'))
  describe('dead letters', () => deadLettersSuite(() => server, open))
  offlineViewsSuite(() => server, open)
  clientLibrarySuite(() => server)
  msgpackSuite(() => server)
})
