import { expect } from 'chai'
import type { OpenApi } from '../../gateway/http/openapi.ts'
import { Standalone } from '../support/standalone.ts'

describe('the documentation that a server gives of itself', () => {
  let server: Standalone
  let document: OpenApi
  before(async () => {
    server = await Standalone.start()
    document = (await (await fetch(new URL('/openapi.json', server.url))).json()) as OpenApi
  })
  after(() => server.stop())

  it('says of every route what it does, under the path that clients use', () => {
    const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { summary }]) => ({ name: `${method} ${path}`, summary })),
    )
    const names = routes.map(({ name }) => name)
    expect(names).to.include.members([
      'post /auth/login',
      'get /api/im/offline/summary',
      'post /api/im/groups',
      'post /api/im/groups/{id}/messages',
      'post /api/admin/dead-letters/{id}/replay',
      'get /api/v1/websites',
    ])
    expect(names.filter(name => name.endsWith('/'))).to.deep.equal([])
    expect(routes.filter(({ summary }) => summary === '')).to.deep.equal([])
  })

  it('is the same to read at /docs', async () => {
    const page = await (await fetch(new URL('/docs', server.url))).text()
    for (const path of Object.keys(document.paths)) expect(page).to.contain(path)
  })
})
