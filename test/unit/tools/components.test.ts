import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { findTool, pinnedVersion } from '../../../tools/components.ts'
import { formatVersion } from '../../../tools/version.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

describe('looking for a tool', () => {
  const folder = useTemporaryFolder()

  /** An executable that says this and nothing else. */
  function makeTool(path: string, says: string): string {
    const file = join(folder.path, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 })
    return file
  }

  function environment(...path: string[]): NodeJS.ProcessEnv {
    return { PATH: path.map(p => join(folder.path, p)).join(':'), XDG_CACHE_HOME: join(folder.path, 'cache') }
  }

  it('takes the version from go.mod', async () => {
    expect(formatVersion(await pinnedVersion('daprd'))).to.equal('1.18.2')
    expect(formatVersion(await pinnedVersion('nats-server'))).to.equal('2.15.2')
  })

  it('passes over one on the PATH that is too old, or that does not say how old it is', async () => {
    makeTool('old/nats-server', 'nats-server: v2.9.10')
    makeTool('edge/nats-server', 'edge')
    expect(await findTool('nats-server', environment('old', 'edge'))).to.equal(undefined)
  })

  it('takes a newer one further down the PATH', async () => {
    makeTool('old/nats-server', 'nats-server: v2.9.10')
    const newer = makeTool('new/nats-server', 'nats-server: v2.16.0')
    expect(await findTool('nats-server', environment('old', 'new'))).to.equal(newer)
  })

  it('asks daprd for the version of the placement beside it', async () => {
    const placement = makeTool('bin/placement', 'unknown flag: --version')
    expect(await findTool('placement', environment('bin'))).to.equal(undefined)
    makeTool('bin/daprd', '1.18.3')
    expect(await findTool('placement', environment('bin'))).to.equal(placement)
  })

  it('finds one in the cache of its version', async () => {
    const cached = makeTool('cache/homing/2.15.2/nats-server', '')
    expect(await findTool('nats-server', environment('nothing'))).to.equal(cached)
  })
})
