import { clientLibrarySuite } from '../e2e/client-library.ts'
import { devicesSuite } from '../e2e/devices.ts'
import { msgpackSuite } from '../e2e/msgpack.ts'
import { offlineSuite } from '../e2e/offline.ts'
import { presenceSuite } from '../e2e/presence.ts'
import { sendingSuite } from '../e2e/sending.ts'
import { singleLoginSuite } from '../e2e/single-login.ts'
import { stompSuite } from '../e2e/stomp.ts'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'

describe('the cluster, its users on different gateways', function () {
  this.timeout(60_000)
  let target: ClusterTarget

  before(async () => {
    target = await ClusterTarget.start({ settings: unlimited })
  })
  after(() => target?.stop())

  sendingSuite(() => target)
  singleLoginSuite(() => target)
  devicesSuite(() => target)
  presenceSuite(() => target)
  offlineSuite(() => target)
  stompSuite(() => target)
  clientLibrarySuite(() => target)
  msgpackSuite(() => target)
})
