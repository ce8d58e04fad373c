import { expect } from 'chai'
import { TopicsFailed } from '../../../storage/topics/topics-failed.ts'
import { api } from '../../support/api.ts'
import { newUser, signToken } from '../../support/target.ts'
import { ListGateways } from './support.ts'

const PATH = '/api/v1/websites'

describe('the websites over REST', () => {
  let lists: ListGateways
  let admin: string
  let viewer: string

  beforeEach(async () => {
    lists = await ListGateways.start()
    admin = await signToken(lists, newUser('admin'), { role: 'admin' })
    viewer = await signToken(lists, newUser('viewer'))
  })
  afterEach(() => lists?.close())

  const get = (path: string, token?: string) => ask(path, token === undefined ? {} : { token })
  const post = (action: string, body: unknown, token = admin) => ask(`/${action}`, { token, body })
  const ask = async (path: string, options: Parameters<typeof api>[2]) => {
    const answer = await api(lists.gateways[0] ?? '', `${PATH}${path}`, options)
    expect(answer.body).to.have.all.keys('code', 'message', 'data')
    const { code, message, data } = answer.body as { code: number; message: string; data: never }
    return { status: answer.status, code, message, data }
  }
  const refusal = async (answer: Promise<{ status: number; code: number; data: unknown }>) => {
    const { status, code, data } = await answer
    expect(data).to.equal(null)
    return [status, code]
  }

  it('creates, reads, changes and deletes', async () => {
    const created = await post('create', { primary_domain: 'www.Example.COM' })
    expect(created).to.include({ status: 200, code: 0 })
    const { id } = created.data as { id: number }
    const item = {
      website_id: id,
      primary_domain: 'www.example.com',
      cname: '',
      line_group: 'default',
      https_enabled: false,
      status: 'active',
    }
    expect((await get(`/${id}`, viewer)).data).to.deep.equal(item)
    const changed = await post('update', { id, https_enabled: true, cname: 'x.cdn.example' })
    expect(changed.data).to.deep.equal({ success: true })
    expect((await get(`/${id}`, viewer)).data).to.deep.equal({
      ...item,
      https_enabled: true,
      cname: 'x.cdn.example',
    })
    expect((await post('delete', { ids: [id, id, 999] })).data).to.deep.equal({ success: true, deleted: 1 })
    expect(await refusal(get(`/${id}`, viewer))).to.deep.equal([404, 3001])
  })

  it('lists by pages', async () => {
    for (let n = 1; n <= 5; n++) await lists.create(`s${n}`)
    const page = await get('?page=2&pageSize=2', viewer)
    expect(page.data).to.include({ total: 5, page: 2, pageSize: 2 })
    const domains = (page.data as { items: { primary_domain: string }[] }).items.map(
      item => item.primary_domain,
    )
    expect(domains).to.deep.equal(['s3.example', 's4.example'])
    expect((await get('', viewer)).data).to.include({ page: 1, pageSize: 20 })
    for (const query of ['?page=0', '?pageSize=0', '?pageSize=101', '?page=x', '?page=1e9'])
      expect(await refusal(get(query, viewer)), query).to.deep.equal([400, 2002])
  })

  it('asks for a token, a valid one, one that has not expired, and for writing the role', async () => {
    const expired = await signToken(lists, 'viewer', { exp: Math.floor(Date.now() / 1000) - 10 })
    const newer = await signToken(lists, 'revoked', { sv: 2 })
    await get('', newer)
    expect(await refusal(get(''))).to.deep.equal([401, 1001])
    expect(await refusal(get('', 'no-token'))).to.deep.equal([401, 1002])
    expect(await refusal(get('', expired))).to.deep.equal([401, 1003])
    expect(await refusal(get('', await signToken(lists, 'revoked', { sv: 1 })))).to.deep.equal([401, 1003])
    for (const action of ['create', 'update', 'delete'])
      expect(await refusal(post(action, {}, viewer)), action).to.deep.equal([403, 1004])
    const both = await signToken(lists, 'chief', { role: ['viewer', 'admin'] })
    expect((await post('create', { primary_domain: 'a.example' }, both)).code).to.equal(0)
  })

  it('says what is missing and what is wrong, and changes nothing', async () => {
    const primary_domain = 'a.example'
    for (const [action, body] of [
      ['create', {}],
      ['create', undefined],
      ['update', { status: 'active' }],
      ['update', { id: 1 }],
      ['delete', {}],
    ] as const) {
      const answer = await ask(`/${action}`, { token: admin, method: 'POST', ...(body && { body }) })
      expect([answer.status, answer.code], `${action} ${JSON.stringify(body)}`).to.deep.equal([400, 2001])
    }
    for (const [action, body] of [
      ['create', { primary_domain: 5 }],
      ['create', { primary_domain, status: 'on' }],
      ['create', { primary_domain, https_enabled: 'yes' }],
      ['create', { primary_domain, line_group: '' }],
      ['create', { primary_domain, line_group: 'x'.repeat(65) }],
      ['create', { primary_domain, line_group: 'a\nb' }],
      ['create', { primary_domain, cname: 'no host' }],
      ['update', { id: 0, status: 'active' }],
      ['update', { id: '1', status: 'active' }],
      ['update', { id: 1, status: null }],
      ['delete', { ids: [] }],
      ['delete', { ids: [1.5] }],
      ['delete', { ids: Array.from({ length: 501 }, (_, n) => n + 1) }],
    ] as const)
      expect(await refusal(post(action, body)), JSON.stringify(body)).to.deep.equal([400, 2002])
    expect(await refusal(get('/x', viewer))).to.deep.equal([400, 2002])
    const broken = await fetch(`${lists.gateways[0]}${PATH}/create`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: '{',
    })
    expect(await broken.json()).to.include({ code: 2003 })
    expect(await lists.topics.outbox.head('websites')).to.include({ lastEventId: 0 })
  })

  it('takes host names only', async () => {
    const label = 'l'.repeat(63)
    const longest = `${[label, label, label].join('.')}.${'l'.repeat(61)}`
    for (const good of ['a.example', 'localhost', '1.2.3.example', 'xn--bcher-kva.example', longest])
      expect((await post('create', { primary_domain: good })).code, good).to.equal(0)
    for (const bad of [
      '',
      '.',
      'a..b',
      'a.',
      '-a.b',
      'a-.b',
      'a_b.c',
      'a b',
      'ä.de',
      '10.0.0.1',
      'a/b',
      'a:80',
      `${label}l.a`,
      `x${longest}`,
    ])
      expect(await refusal(post('create', { primary_domain: bad })), bad).to.deep.equal([400, 2002])
  })

  it('refuses a primary domain that another has, whatever its case', async () => {
    const a = await lists.create('a')
    const b = await lists.create('b')
    expect(await refusal(post('create', { primary_domain: 'A.EXAMPLE' }))).to.deep.equal([409, 3002])
    expect(await refusal(post('update', { id: b, primary_domain: 'a.example' }))).to.deep.equal([409, 3002])
    expect((await post('update', { id: a, primary_domain: 'A.example' })).code).to.equal(0)
    expect(await refusal(post('update', { id: 999, status: 'active' }))).to.deep.equal([404, 3001])
    expect(await refusal(get('/no/such', viewer))).to.deep.equal([404, 3003])
  })

  it('tells a busy database from a failed one, and both from its own faults', async () => {
    const { websites } = lists.topics
    const failures = [
      [Object.assign(new Error('lock wait'), { errno: 1205 }), 5003],
      [new Error('gone'), 5002],
    ] as const
    for (const [cause, code] of failures) {
      websites.create = () => Promise.reject(new TopicsFailed(cause))
      expect(await refusal(post('create', { primary_domain: 'a.example' }))).to.deep.equal([500, code])
    }
    websites.create = () => Promise.reject(new TypeError('a fault'))
    const answer = await post('create', { primary_domain: 'a.example' })
    expect(answer).to.include({ status: 500, code: 5001, message: 'unexpected failure' })
  })
})
