import { createServer } from 'node:http'
import type { AttachRequest } from '../../actors/route-confirmations.ts'
import type { Binding, UserContract } from '../../actors/user/contract.ts'
import { runProcess } from '../../bin/cluster-process.ts'
import { DaprActorCaller } from '../../dapr/dapr-actor-caller.ts'
import { DaprActorRuntime } from '../../dapr/dapr-actor-runtime.ts'
import { SidecarClient } from '../../dapr/sidecar-client.ts'
import { readCallerSidecar } from '../../dapr/sidecar-settings.ts'
import { SidecarStatus } from '../../dapr/sidecar-status.ts'
import { NatsBus } from '../../messaging/nats-bus.ts'
import { subjects } from '../../messaging/subjects.ts'
import { Actors } from '../../runtime/actor-runtime.ts'
import { ActorLoad } from './actor-load.ts'

// A process in a gateway's place, driven by the tests over HTTP: it calls actors as a gateway does and says how that
// went. As gateways do, it answers for its connections; all of them are always there.
await runProcess('gateway', async ({ settings, incarnation, logger, nats }) => {
  const { DAPR_HTTP_PORT, DAPR_API_TOKEN } = readCallerSidecar(process.env)
  const bus = new NatsBus(nats, logger)
  const sidecar = new SidecarClient({ port: DAPR_HTTP_PORT, apiToken: DAPR_API_TOKEN }, logger)
  const status = new SidecarStatus(sidecar)
  const runtime = new DaprActorRuntime({
    bus,
    dapr: new DaprActorCaller(sidecar, settings.DAPR_CALLS_AT_ONCE),
  })
  bus.subscribe(subjects.gatewayAlive(incarnation), ({ respond }) => respond?.({}))
  bus.subscribe(subjects.holds(incarnation), ({ respond }) => respond?.({ held: true }))
  bus.subscribe(subjects.kick(incarnation), ({ respond }) => respond?.({}))
  bus.subscribe(subjects.attach(incarnation), ({ value, respond }) =>
    respond?.({ present: (value as AttachRequest).connections.map(({ connId }) => connId) }),
  )
  const users = new Actors<UserContract>(runtime, 'user')
  const load = new ActorLoad(users, incarnation)
  const commands: Record<string, (argument: never) => unknown> = {
    '/readyz': () => status.ready(),
    '/bind': (binding: Omit<Binding, 'gatewayId'> & { user: string }) =>
      users.call(binding.user, 'bind', { ...binding, gatewayId: incarnation }),
    '/unread': ({ user }: { user: string }) => users.call(user, 'unread', null),
    '/counts': () => runtime.counts,
    '/load': ({ users: count, pauseMs }: { users: number; pauseMs: number }) => load.start(count, pauseMs),
    '/mark': () => load.mark(),
    '/report': () => load.report(),
    '/rest': () => load.stop(),
  }
  createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    try {
      const argument = JSON.parse(Buffer.concat(chunks).toString() || '{}') as never
      response.end(JSON.stringify((await commands[request.url ?? '']?.(argument)) ?? null))
    } catch (error) {
      response.statusCode = 500
      response.end(JSON.stringify({ error: String(error) }))
    }
  }).listen(settings.PORT, '127.0.0.1')
})
