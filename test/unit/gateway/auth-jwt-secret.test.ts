import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readJwtSecret } from '../../../gateway/auth/jwt-secret.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { readSettings } from '../../../runtime/settings.ts'

describe('the secret of access tokens', () => {
  let dir: string
  let lines: string[]
  const logger = makeLogger('info', 'test', { write: line => lines.push(line) })

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'homing-secret-'))
    lines = []
  })
  afterEach(() => rm(dir, { recursive: true }))

  const settings = (environment: object = {}) =>
    readSettings({ HOMING_DATA_DIR: join(dir, 'data'), ...environment })
  const read = async (secret?: string) =>
    (await readJwtSecret(settings({ HOMING_JWT_SECRET: secret }), logger)) ?? 'none'
  const path = () => join(dir, 'data', 'jwt-secret')

  it('is made once, for its owner only, and said without being told', async () => {
    const secret = await read()
    expect(Buffer.byteLength(secret)).to.be.at.least(32)
    expect((await stat(path())).mode & 0o777).to.equal(0o600)
    expect(await read()).to.equal(secret)
    expect(lines).to.have.length(1)
    expect(lines[0]).to.contain('made a secret').and.not.contain(secret)
  })

  it('is the same for all that start at once, and nothing else is left', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => read()))
    expect(new Set(secrets)).to.have.property('size', 1)
    expect(await readdir(join(dir, 'data'))).to.deep.equal(['jwt-secret'])
    expect((await readFile(path(), 'utf8')).trim()).to.equal(secrets[0])
    expect(lines).to.have.length(1)
  })

  it('is JWT_SECRET where that is set; a short one is warned of', async () => {
    expect(await read('a secret of at least thirty-two bytes')).to.equal(
      'a secret of at least thirty-two bytes',
    )
    expect(lines).to.deep.equal([])
    expect(await read('short')).to.equal('short')
    expect(lines[0]).to.contain('JWT_SECRET is short').and.not.contain('"short"')
  })

  it('is not made where tokens are of another algorithm', async () => {
    expect(await readJwtSecret(settings({ HOMING_JWT_ALGORITHM: 'EdDSA' }), logger)).to.equal(undefined)
    expect(await readdir(dir)).to.deep.equal([])
  })

  it('a file that holds none stops the start', async () => {
    await read()
    await writeFile(path(), '\n')
    const error = await read().catch(reason => reason)
    expect(error).to.be.instanceOf(Error)
  })
})
