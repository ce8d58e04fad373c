import { InProcessActorRuntime } from '../../runtime/in-process-actor-runtime.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { actorRuntimeContract } from './actor-runtime.ts'

const IDLE_MS = 200

actorRuntimeContract('the in-process runtime', IDLE_MS, async factory => {
  const runtime = new InProcessActorRuntime({
    hostId: 'h1',
    idleMs: IDLE_MS,
    logger: makeLogger('silent', 'test'),
  })
  runtime.register('user', factory)
  return { runtime, close: () => runtime.close() }
})
