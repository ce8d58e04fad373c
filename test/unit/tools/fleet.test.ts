import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { lockDataFolder } from '../../../tools/cluster/data-folder.ts'
import { Fleet, type Unit } from '../../../tools/cluster/fleet.ts'
import { waitUntil } from '../../../tools/cluster/probe.ts'
import type { ProcessSpec, Role } from '../../../tools/cluster/process-spec.ts'
import { Reaper } from '../../../tools/cluster/reaper.ts'
import { Supervisor } from '../../../tools/cluster/supervisor.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

const root = resolve(import.meta.dirname, '../../..')
const patience = () => AbortSignal.timeout(8_000)

function isAlive(pid: number): boolean {
  try {
    // One that nobody has waited for yet is dead, too.
    return process.kill(pid, 0) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a fleet of processes', () => {
  const folder = useTemporaryFolder()
  let fleet: Fleet
  let reaper: Reaper
  let supervisor: Supervisor | undefined
  let said: string[] = []

  beforeEach(() => {
    said = []
    supervisor = undefined
    reaper = new Reaper(join(folder.path, 'cluster.json'))
    fleet = new Fleet(folder.path, reaper, {
      started: () => undefined,
      ended: (child, _pid, how, wanted) => {
        said.push(`${child.spec.name} ${how}`)
        if (!wanted) void supervisor?.revive(child, how)
      },
    })
  })
  afterEach(async () => {
    supervisor?.stop()
    await fleet.stopAll()
    reaper.close()
  })

  function makeSpec(role: Role, name: string): ProcessSpec {
    return {
      role,
      name,
      command: process.execPath,
      args: ['-e', 'setInterval(() => {}, 1000); console.log("ready")'],
      cwd: folder.path,
      env: {},
      ports: {},
      isReady: async () => readFileSync(join(folder.path, `${name}.log`), 'utf8').includes('ready'),
      readyWithinMs: 5_000,
      stopWithinMs: 5_000,
    }
  }

  function addPair(name: string): Unit {
    return fleet.addPair({ node: makeSpec('host', name), daprd: makeSpec('daprd', `daprd-${name}`) })
  }

  it('stops a sidecar before its application, and what others need last', async () => {
    const units = [fleet.add(makeSpec('database', 'database')), fleet.add(makeSpec('nats', 'nats-1'))]
    units.push(addPair('host-1'), fleet.add(makeSpec('gateway', 'gateway-1')))
    await Promise.all(units.map(unit => fleet.start(unit)))
    await fleet.stopAll()
    const order = ['gateway-1', 'daprd-host-1', 'host-1', 'nats-1', 'database']
    expect(said).to.deep.equal(order.map(name => `${name} SIGTERM`))
  })

  it('starts nothing once it is being stopped', async () => {
    const unit = addPair('host-1')
    await fleet.stopAll()
    expect(await fleet.start(unit).catch(String)).to.include('being stopped')
    expect(fleet.dead).to.deep.equal(['daprd-host-1', 'host-1'])
  })

  it('restarts both of a pair when one of them dies, if supervised', async () => {
    const lines: string[] = []
    supervisor = new Supervisor(fleet, line => lines.push(line))
    await fleet.start(addPair('host-1'))
    const before = fleet.processes.map(p => p.pid)
    await fleet.child('host-1').kill('SIGKILL')
    expect(await waitUntil(async () => lines.length === 2, patience())).to.equal(true)
    expect(lines[0]).to.equal('host-1 died (SIGKILL): starting it again')
    expect(said).to.deep.equal(['host-1 SIGKILL', 'daprd-host-1 SIGTERM'])
    for (const { pid } of fleet.processes) {
      expect(before).not.to.include(pid)
      expect(isAlive(pid)).to.equal(true)
    }
  })

  it('dies with a launcher that is killed, and cluster.json goes as well', async () => {
    const file = join(folder.path, 'cluster.json')
    writeFileSync(file, '{}')
    const program = `
      import { spawn } from 'node:child_process'
      import { Reaper } from '${root}/tools/cluster/reaper.ts'
      const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
      new Reaper('${file}').watch(child.pid)
      console.log(child.pid)
      setInterval(() => {}, 1000)`
    const launcher = spawn(process.execPath, ['--input-type=module-typescript', '-e', program])
    const [output] = await once(launcher.stdout, 'data')
    const pid = Number(output)
    expect(isAlive(pid)).to.equal(true)
    launcher.kill('SIGKILL')
    expect(await waitUntil(async () => !isAlive(pid), patience())).to.equal(true)
    expect(await waitUntil(async () => !existsSync(file), patience())).to.equal(true)
  })
})

describe('a data directory', () => {
  const folder = useTemporaryFolder()

  it('is one cluster’s at a time', async () => {
    const first = await lockDataFolder(folder.path, 0)
    expect(await lockDataFolder(folder.path, 0).catch(String)).to.include(`process ${process.pid}`)
    first.release()
    const second = await lockDataFolder(folder.path, 0)
    second.release()
  })

  it('is free again after its launcher was killed', async () => {
    const gone = spawn(process.execPath, ['-e', ''])
    await once(gone, 'exit')
    writeFileSync(join(folder.path, 'launcher.pid'), `${gone.pid} 0`)
    const lock = await lockDataFolder(folder.path, 0)
    lock.release()
  })
})
