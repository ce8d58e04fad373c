import { actorRuntimeContract } from '../../contract/actor-runtime.ts'
import { startOneProcess } from './cluster-in-one-process.ts'

const IDLE_MS = 200

// A time-out on a busy machine would have a call run twice, which the port allows and these tests don't expect.
actorRuntimeContract('Dapr and the bus', IDLE_MS, factory =>
  startOneProcess(factory, { idleMs: IDLE_MS, daprTimeoutMs: 5_000 }),
)
