import { expect } from 'chai'
import { DaprActorState } from '../../../dapr/actor-state.ts'
import type { SidecarClient } from '../../../dapr/sidecar-client.ts'
import { readCallerSidecar, readHostSidecar } from '../../../dapr/sidecar-settings.ts'
import { SidecarStatus } from '../../../dapr/sidecar-status.ts'
import { type StandInSidecar, silent, startSidecar } from './stand-in-sidecar.ts'

describe('what a process asks of its sidecar', () => {
  let sidecar: StandInSidecar
  let client: SidecarClient

  beforeEach(async () => {
    const started = await startSidecar()
    sidecar = started.sidecar
    client = started.client
  })
  afterEach(async () => {
    await client.stop()
    await sidecar.stop()
  })

  it('keeps an actor’s snapshot', async () => {
    const state = new DaprActorState(client, 'user', 'a@b', silent)
    expect(await state.load()).to.equal(undefined)
    await state.save({ seq: 7, ids: ['ü'] })
    expect(await state.load()).to.deep.equal({ seq: 7, ids: ['ü'] })
    expect(sidecar.seen.map(({ url }) => url)).to.include('/v1.0/actors/user/a%40b/state/snapshot')
  })

  it('has no snapshot while the sidecar is away, and loses none for it', async () => {
    await sidecar.stop()
    const state = new DaprActorState(client, 'user', 'ann', silent)
    await state.save({ seq: 7 })
    expect(await state.load()).to.equal(undefined)
  })

  it('learns whether placement is connected', async () => {
    const status = new SidecarStatus(client)
    expect(await status.placementConnected()).to.equal(true)
    sidecar.placement = 'placement: disconnected'
    expect(await status.placementConnected()).to.equal(false)
    await sidecar.stop()
    expect(await status.placementConnected()).to.equal(false)
  })

  it('is ready once actors can be placed, and stays so while placement is away', async () => {
    const status = new SidecarStatus(client)
    sidecar.hostReady = false
    const early = await status.ready().catch((error: Error) => error.message)
    expect(early).to.contain('cannot place')
    sidecar.hostReady = true
    await status.ready()
    sidecar.hostReady = false
    await status.ready()
    await sidecar.stop()
    expect(await status.ready().catch(() => 'not ready')).to.equal('not ready')
  })

  it('needs the ports that dapr run tells, and says which are missing', () => {
    expect(readCallerSidecar({ DAPR_HTTP_PORT: '3500' })).to.deep.equal({ DAPR_HTTP_PORT: 3500 })
    expect(() => readHostSidecar({ DAPR_HTTP_PORT: '3500' })).to.throw('APP_PORT')
    expect(() => readCallerSidecar({})).to.throw('DAPR_HTTP_PORT')
  })
})
