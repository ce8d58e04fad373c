import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { parse, parseAllDocuments } from 'yaml'
import { readHostSidecar } from '../../../dapr/sidecar-settings.ts'
import { readSettings, unknownSettings } from '../../../runtime/settings.ts'
import { placementSpec } from '../../../tools/cluster/placement.ts'
import { readTemplateApp } from '../../../tools/cluster/run-template.ts'
import { isAtLeast, parseVersion, type Version } from '../../../tools/version.ts'

const root = resolve(import.meta.dirname, '../../..')
const text = (path: string) => readFileSync(join(root, path), 'utf8')

type Environment = Record<string, string>

/** Where environment variables of a configuration come from: `$NAME`, outside of comments. */
const namesIn = (path: string): string[] =>
  [
    ...text(path)
      .replaceAll(/#.*$/gm, '')
      .matchAll(/\$(NATS_[A-Z_]+)/g),
  ].map(([, name]) => name ?? '')

const hostFlags = readTemplateApp(join(root, 'dapr/dapr.yaml'), 'host').daprdArgs
/** The health checks that dapr/dapr.yaml gives hosts, by flag without its dashes. */
const healthChecks = Object.fromEntries(
  hostFlags.flatMap((flag, index) =>
    flag.startsWith('--app-health') ? [[flag.slice(2), hostFlags[index + 1] ?? '']] : [],
  ),
)
const dapr: Version = [1, 18, 3]
const nats = parseVersion(/nats-server\/v2 (v\S+)/.exec(text('tools/nats/go.mod'))?.[1] ?? '') ?? [0, 0, 0]

function expectSettings(environment: Environment): void {
  expect(unknownSettings(environment)).to.deep.equal([])
  expect(() => readSettings(environment)).not.to.throw()
  expect(environment.HOMING_DATABASE_URL, 'HOMING_DATABASE_URL').to.be.a('string')
  expect(environment.HOMING_NATS_URL, 'HOMING_NATS_URL').to.be.a('string')
}

describe('compose.yaml', () => {
  const { services } = parse(text('compose.yaml'), { merge: true }) as {
    services: Record<string, { image: string; command: string[]; environment: Record<string, unknown> }>
  }
  const service = (name: string) => services[name] ?? expect.fail(`no service ${name}`)
  /** With the variables that it leaves to its reader filled in. */
  const environment = (name: string): Environment =>
    Object.fromEntries(
      Object.entries(service(name).environment).map(([key, value]) => [
        key,
        String(value).replaceAll(/\$\{[A-Z_]+:\?\}/g, 'a-secret'),
      ]),
    )

  for (const name of ['saver', 'host-1', 'host-2', 'gateway-1', 'gateway-2']) {
    it(`gives ${name} a program that exists, settings that there are, and its own NATS user`, () => {
      const [node, program = ''] = service(name).command
      expect(node).to.equal('node')
      expect(existsSync(join(root, program)), program).to.equal(true)
      expectSettings(environment(name))
      const role = name.split('-')[0]
      expect(program).to.equal(`bin/${role}.ts`)
      expect(environment(name).HOMING_NATS_USER).to.equal(role)
    })
  }

  it('starts hosts’ sidecars with the health checks of dapr/dapr.yaml, on the port where the host listens', () => {
    const { command } = service('host-1-daprd')
    for (const [flag, value] of Object.entries(healthChecks)) expect(command).to.include(`--${flag}=${value}`)
    expect(command).to.include('--enable-app-health-check')
    const { APP_PORT, DAPR_HTTP_PORT } = readHostSidecar(environment('host-1'))
    expect(command).to.include(`--app-port=${APP_PORT}`)
    expect(DAPR_HTTP_PORT).to.equal(3500)
  })

  it('has placement evict a frozen host as soon as the launcher’s does', () => {
    const { args } = placementSpec({
      executable: '',
      dataDir: '',
      env: {},
      ports: { grpc: 1, http: 2, metrics: 3, raft: 4 },
    })
    const { command } = service('placement')
    for (const flag of ['--keepalive-time', '--keepalive-timeout'])
      expect(command).to.include(`${flag}=${args[args.indexOf(flag) + 1]}`)
  })

  it('gives NATS every variable that its configuration reads', () => {
    const given = Object.keys(service('nats').environment)
    expect(given).to.include.members([
      ...namesIn('deploy/nats/nats.conf'),
      ...namesIn('deploy/nats/permissions.conf'),
    ])
  })

  it('pins versions that are not older than those it is tested with', () => {
    const versionOf = (name: string) => parseVersion(service(name).image) ?? [0, 0, 0]
    for (const name of ['placement', 'host-1-daprd', 'gateway-1-daprd'])
      expect(isAtLeast(versionOf(name), dapr), name).to.equal(true)
    expect(isAtLeast(versionOf('nats'), nats)).to.equal(true)
  })
})

interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
  readonly terminationGracePeriodSeconds?: number
}

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly replicas: number
    readonly maxUnavailable?: number
    readonly template: {
      readonly metadata: { readonly annotations?: Record<string, string> }
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly Container[]
      }
    }
  }
}

describe('the Kubernetes manifests', () => {
  const folder = 'deploy/kubernetes'
  const resources = readdirSync(join(root, folder)).flatMap(file =>
    parseAllDocuments(text(join(folder, file))).map(document => document.toJS() as Resource),
  )
  const find = (kind: string, name: string) =>
    resources.find(resource => resource.kind === kind && resource.metadata.name === name) ??
    expect.fail(`no ${kind} ${name}`)
  const deployment = (role: string) => find('Deployment', `homing-${role}`).spec
  const container = (role: string) =>
    deployment(role).template.spec.containers[0] ?? expect.fail('no container')
  const annotations = (role: string) => deployment(role).template.metadata.annotations ?? {}
  /** What comes from a secret or a field stands for itself. */
  const environment = (role: string): Environment =>
    Object.fromEntries(container(role).env.map(({ name, value }) => [name, value ?? 'a-secret']))

  for (const role of ['gateway', 'host', 'saver']) {
    it(`give ${role}s settings that there are, and secrets by reference only`, () => {
      const { command = [] } = container(role)
      expect(command).to.deep.equal(['node', `bin/${role}.ts`])
      expectSettings(environment(role))
      expect(environment(role).HOMING_NATS_USER).to.equal(role)
      for (const { name, valueFrom } of container(role).env)
        if (/PASSWORD|SECRET|TOKEN|DATABASE_URL/.test(name)) expect(valueFrom, name).to.be.an('object')
    })

    it(`probe ${role}s where they answer, and replace a frozen one within 10 s`, () => {
      const { ports, livenessProbe, readinessProbe } = container(role)
      const port = ports.find(({ name }) => name === livenessProbe.httpGet.port)?.containerPort
      expect(String(port)).to.equal(environment(role).HOMING_PORT)
      expect(livenessProbe.httpGet.path).to.equal('/healthz')
      expect(readinessProbe.httpGet.path).to.equal('/readyz')
      const { periodSeconds, failureThreshold, terminationGracePeriodSeconds = 30 } = livenessProbe
      expect(periodSeconds * failureThreshold + terminationGracePeriodSeconds).to.be.below(10)
    })

    it(`keep more than one ${role}, and take one away at a time`, () => {
      expect(deployment(role).replicas).to.be.at.least(2)
      expect(find('PodDisruptionBudget', `homing-${role}`).spec.maxUnavailable).to.equal(1)
    })
  }

  it('let what is asked to stop finish: sleep and drain fit into the grace', () => {
    for (const role of ['gateway', 'host']) {
      const sleep = Number(container(role).lifecycle?.preStop.exec.command[1])
      const { DRAIN_TIMEOUT_MS } = readSettings(environment(role))
      const graceMs = deployment(role).template.spec.terminationGracePeriodSeconds * 1000
      expect(sleep * 1000 + DRAIN_TIMEOUT_MS, role).to.be.below(graceMs)
    }
  })

  it('give hosts’ sidecars the health checks of dapr/dapr.yaml, and gateways’ none', () => {
    const ofHost = annotations('host')
    for (const [flag, value] of Object.entries(healthChecks))
      expect(ofHost[`dapr.io/${flag}`]).to.equal(value)
    expect(ofHost['dapr.io/enable-app-health-check']).to.equal('true')
    expect(ofHost['dapr.io/app-port']).to.equal(String(readHostSidecar(environment('host')).APP_PORT))
    expect(ofHost['dapr.io/app-id']).to.equal('host')
    expect(annotations('gateway')).not.to.have.property('dapr.io/app-port')
    expect(annotations('gateway')['dapr.io/app-id']).to.equal('gateway')
    expect(annotations('saver')).to.deep.equal({})
  })

  it('give hosts’ sidecars what the state store reads from their environment', () => {
    const { spec } = parse(text('components/statestore.yaml')) as {
      spec: { metadata: { envRef?: string }[] }
    }
    const wanted = spec.metadata.flatMap(({ envRef }) => envRef ?? [])
    const given = ['dapr.io/env', 'dapr.io/env-from-secret']
      .map(name => annotations('host')[name] ?? '')
      .join()
    expect(wanted).to.have.length(2)
    for (const name of wanted) expect(given).to.include(`${name}=`)
  })

  it('run three NATS servers with every variable that their configuration reads', () => {
    const { replicas, template } = find('StatefulSet', 'homing-nats').spec
    const [server] = template.spec.containers
    expect(replicas).to.equal(3)
    expect(environment('host').HOMING_NATS_REPLICAS).to.equal('3')
    expect(environment('host').HOMING_NATS_URL?.split(',')).to.have.length(3)
    const read = ['nats-cluster.conf', 'nats.conf', 'permissions.conf'].flatMap(file =>
      namesIn(`deploy/nats/${file}`),
    )
    expect(server?.env.map(({ name }) => name)).to.include.members(read)
    expect(isAtLeast(parseVersion(server?.image ?? '') ?? [0, 0, 0], nats)).to.equal(true)
  })
})
