import { expect } from 'chai'
import { type ClusterOptions, resolveOptions } from '../../../tools/cluster/options.ts'
import { Plan } from '../../../tools/cluster/plan.ts'
import { PortPicker } from '../../../tools/cluster/ports.ts'
import { loadSecrets } from '../../../tools/cluster/secrets.ts'
import { stateStore } from '../../../tools/cluster/sidecar.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

const tools = { daprd: '/bin/daprd', placement: '/bin/placement', 'nats-server': '/bin/nats-server' }

describe('the plan of a cluster', () => {
  const folder = useTemporaryFolder()

  function makePlan(options: Partial<ClusterOptions> = {}): Promise<Plan> {
    const resolved = resolveOptions({ dataDir: folder.path, env: {}, ...options })
    return Plan.make(resolved, tools, loadSecrets(folder.path))
  }

  it('gives gateways the ports that follow the first', async () => {
    const port = await new PortPicker().one()
    const plan = await makePlan({ port })
    expect((await plan.pair('gateway', 1)).node.ports.http).to.equal(port)
    expect((await plan.pair('gateway', 2)).node.ports.http).to.equal(port + 1)
  })

  it('gives no two processes the same port', async () => {
    const plan = await makePlan({ nats: 3 })
    const specs = [...plan.nats, plan.placement, await plan.saver(1)]
    for (const role of ['host', 'gateway'] as const) {
      const { node, daprd } = await plan.pair(role, 1)
      specs.push(node, daprd)
    }
    const ports = specs.flatMap(spec => Object.values(spec.ports))
    expect(new Set(ports).size).to.equal(ports.length)
  })

  it('tells a host and its daprd how to reach and to recognise each other', async () => {
    const { node, daprd } = await (await makePlan()).pair('host', 2)
    expect(node.name).to.equal('host-2')
    expect(daprd.name).to.equal('daprd-host-2')
    expect(node.command).to.equal(process.execPath)
    expect(node.env.HOMING_INSTANCE).to.equal('host-2')
    expect(node.env.DAPR_HTTP_PORT).to.equal(String(daprd.ports.http))
    expect(daprd.args.join(' ')).to.include(`--app-port ${node.env.APP_PORT} `)
    expect(node.env.DAPR_API_TOKEN).to.be.a('string').and.equal(daprd.env.DAPR_API_TOKEN)
    expect(node.env.APP_API_TOKEN).to.be.a('string').and.equal(daprd.env.APP_API_TOKEN)
  })

  it('moves a sidecar to another internal port at every start', async () => {
    const { daprd } = await (await makePlan()).pair('host', 1)
    expect(await daprd.freshArgs?.()).not.to.deep.equal(await daprd.freshArgs?.())
  })

  it('keeps Homing’s secrets from sidecars, and its settings from nobody else', async () => {
    const plan = await makePlan({ env: { HOMING_JWT_SECRET: 'x', HOMING_LOG_LEVEL: 'debug' } })
    const { node, daprd } = await plan.pair('gateway', 1)
    expect(node.env).to.include({ HOMING_JWT_SECRET: 'x', HOMING_LOG_LEVEL: 'debug' })
    expect(daprd.env).not.to.have.any.keys('HOMING_JWT_SECRET', 'HOMING_NATS_PASSWORD')
  })

  it('starts no database when one is named', async () => {
    const named = 'mysql://me:secret@db:3307/chat'
    const plan = await makePlan({ env: { HOMING_DATABASE_URL: named } })
    expect(plan.database).to.equal(undefined)
    expect((await plan.saver(1)).env.HOMING_DATABASE_URL).to.equal(named)
    expect((await plan.pair('host', 1)).daprd.env).to.include({
      HOMING_DAPR_STATE_DSN: 'me:secret@tcp(db:3307)/',
      HOMING_DAPR_STATE_SCHEMA: 'chat',
    })
  })

  it('uses the same secrets for the same data', async () => {
    expect((await makePlan()).jwtSecret).to.equal((await makePlan()).jwtSecret)
  })

  it('refuses a cluster without hosts', () => {
    expect(() => resolveOptions({ dataDir: folder.path, hosts: 0 })).to.throw('--hosts')
  })
})

describe('the state store’s address', () => {
  it('has the password as it is, not as URLs write it', () => {
    expect(stateStore('mysql://a%40b:p%3Ac@db/x')).to.deep.equal({
      dsn: 'a@b:p:c@tcp(db:3306)/',
      schema: 'x',
    })
  })

  it('cannot have a slash in the password', () => {
    expect(() => stateStore('mysql://a:p%2Fc@db/x')).to.throw('slash')
  })
})
