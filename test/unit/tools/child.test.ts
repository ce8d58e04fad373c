import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Child } from '../../../tools/cluster/child.ts'
import type { ProcessSpec } from '../../../tools/cluster/process-spec.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

interface Death {
  readonly how: string
  readonly wanted: boolean
}

describe('a child process', () => {
  const folder = useTemporaryFolder()
  let deaths: Death[] = []
  let child: Child | undefined

  beforeEach(() => {
    deaths = []
  })
  afterEach(() => child?.stop())

  const log = () => join(folder.path, 'child.log')
  const hasSaid = async (text: string) => readFileSync(log(), 'utf8').includes(text)

  /** A child that runs this program, ready once it has written "ready". */
  function makeChild(program: string, limits: Partial<ProcessSpec> = {}): Child {
    const spec: ProcessSpec = {
      role: 'saver',
      name: 'saver-1',
      command: process.execPath,
      args: ['-e', program],
      cwd: folder.path,
      env: process.env,
      ports: {},
      isReady: () => hasSaid('ready'),
      readyWithinMs: 5_000,
      stopWithinMs: 5_000,
      ...limits,
    }
    child = new Child(spec, log(), {
      started: () => undefined,
      ended: (_child, _pid, how, wanted) => deaths.push({ how, wanted }),
    })
    return child
  }

  const idle = 'setInterval(() => {}, 1000); console.log("ready");'

  it('is started when it is ready, and not before', async () => {
    const started = makeChild(`setInterval(() => {}, 1000); setTimeout(() => console.log("ready"), 100)`)
    await started.start()
    expect(await hasSaid('ready')).to.equal(true)
    expect(started.entry.pid).to.be.greaterThan(0)
  })

  it('that dies first fails the start with the end of its log', async () => {
    const failure = await makeChild('console.log("no such database"); process.exit(3)').start().catch(String)
    expect(failure).to.include('exit code 3').and.to.include('no such database')
  })

  it('that is not to be found fails the start', async () => {
    const failure = await makeChild('', { command: '/nonexistent/daprd' }).start().catch(String)
    expect(failure).to.include('ENOENT')
  })

  it('that takes too long fails the start', async () => {
    const failure = await makeChild('setInterval(() => {}, 1000)', { readyWithinMs: 100 })
      .start()
      .catch(String)
    expect(failure).to.include('not ready within 0.1 s')
  })

  it('ends by SIGTERM when stopped, as its watcher is told', async () => {
    const started = makeChild(idle)
    await started.start()
    await started.stop()
    expect(deaths).to.deep.equal([{ how: 'SIGTERM', wanted: true }])
  })

  it('ends by SIGKILL when it does not heed SIGTERM', async () => {
    const started = makeChild(`process.on('SIGTERM', () => {}); ${idle}`, { stopWithinMs: 100 })
    await started.start()
    await started.stop()
    expect(deaths).to.deep.equal([{ how: 'SIGKILL', wanted: true }])
  })

  it('stops in good order even while it is frozen', async () => {
    const started = makeChild(`process.on('SIGTERM', () => process.exit(0)); ${idle}`)
    await started.start()
    started.pause()
    await started.stop()
    expect(deaths).to.deep.equal([{ how: 'exit code 0', wanted: true }])
  })

  it('that is killed has died, which nobody wanted, and can be started again', async () => {
    const started = makeChild(idle)
    await started.start()
    const { pid } = started.entry
    await started.kill('SIGKILL')
    expect(deaths).to.deep.equal([{ how: 'SIGKILL', wanted: false }])
    await started.start()
    expect(started.entry.pid).not.to.equal(pid)
  })
})
