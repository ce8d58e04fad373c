import { actorRuntimeContract } from '../../contract/actor-runtime.ts'
import { startOneProcess } from './cluster-in-one-process.ts'

const IDLE_MS = 200

actorRuntimeContract('Dapr and the bus', IDLE_MS, factory => startOneProcess(factory, { idleMs: IDLE_MS }))
