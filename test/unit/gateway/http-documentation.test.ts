import { expect } from 'chai'
import { fastify } from 'fastify'
import { z } from 'zod'
import { docsPage } from '../../../gateway/http/docs-page.ts'
import { addDocumentation } from '../../../gateway/http/documentation.ts'
import type { OpenApi } from '../../../gateway/http/openapi.ts'
import { compileValidator, type ZodTypes } from '../../../gateway/http/validation.ts'

describe('the documentation of the REST interface', () => {
  const app = fastify().withTypeProvider<ZodTypes>()
  let document: OpenApi
  before(async () => {
    app.setValidatorCompiler(compileValidator)
    addDocumentation(app)
    const query = z.object({ limit: z.coerce.number().int().min(1).max(9).default(3), userId: z.string() })
    app.get(
      '/things/:id',
      {
        schema: { params: z.object({ id: z.string() }), querystring: query },
        config: { summary: 'Reads <a> thing', data: z.object({ name: z.string() }) },
      },
      async () => ({}),
    )
    const body = z.object({ name: z.string().transform(text => text.length) })
    app.post('/things', { schema: { body } }, async () => ({}))
    document = (await app.inject('/openapi.json')).json()
  })
  after(() => app.close())

  it('lists every route with what it takes, as a client has to send it', () => {
    expect(Object.keys(document.paths)).to.deep.equal(['/things/{id}', '/things'])
    const get = document.paths['/things/{id}']?.get
    expect(get?.summary).to.equal('Reads <a> thing')
    expect(get?.parameters.map(({ in: place, name, required }) => [place, name, required])).to.deep.equal([
      ['path', 'id', true],
      ['query', 'limit', false],
      ['query', 'userId', true],
    ])
    expect(get?.parameters[1]?.schema).to.include({ maximum: 9, default: 3 })
    const post = document.paths['/things']?.post
    expect(post?.requestBody?.content['application/json'].schema).to.deep.include({
      properties: { name: { type: 'string' } },
    })
  })

  it('says what answers hold', () => {
    const answer = document.paths['/things/{id}']?.get?.responses['200']
    expect(JSON.stringify(answer)).to.contain('"name":{"type":"string"}')
  })

  it('is a page to read, without scripts and with nothing from elsewhere', async () => {
    const { body, headers } = await app.inject('/docs')
    expect(body).to.contain('Reads &lt;a&gt; thing').and.to.contain('/things/{id}')
    expect(body).not.to.match(/<script|https?:|<a>/)
    expect(headers['content-security-policy']).to.contain("default-src 'none'")
    expect(docsPage(document)).to.equal(body)
  })
})
