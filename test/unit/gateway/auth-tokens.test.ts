import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { exportJWK, SignJWT } from 'jose'
import { hasRole, Tokens } from '../../../gateway/auth/tokens.ts'
import { readSettings } from '../../../runtime/settings.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const settings = readSettings({})
const tokens = await Tokens.create(settings, SECRET)
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

const encode = (text: string) => Buffer.from(text).toString('base64url')

/** A token from the payload's very text, which no library could write (numbers beyond 2^53). */
function signText(payload: string, { alg = 'HS256', secret = SECRET as string | Buffer } = {}): string {
  const text = `${encode(JSON.stringify({ alg, typ: 'JWT' }))}.${encode(payload)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

const claims = (changes: object = {}) =>
  JSON.stringify({ iss: 'homing', exp: inAnHour(), typ: 'access', sv: 1, uid: 10001, ...changes })

const verifyClaims = (changes: object) => tokens.verifyAccessToken(signText(claims(changes)))

const INVALID = { ok: false, reason: 'invalid' }

describe('tokens', () => {
  it('a signed token is verified to the session it was signed for', async () => {
    const before = Math.floor(Date.now() / 1000)
    const token = await tokens.signAccessToken({ userId: 10001, sv: 7, lifeSeconds: 1800 })
    const verification = await tokens.verifyAccessToken(token)
    expect(verification).to.have.nested.property('session.user', '10001')
    expect(verification).to.have.nested.property('session.sv', 7)
    expect(verification)
      .to.have.nested.property('session.expiresAt')
      .that.is.within((before + 1800) * 1000, (before + 1805) * 1000)
  })

  it('a signed token carries uid as a number, sub as a string, issuer, type and times', async () => {
    const token = await tokens.signAccessToken({ userId: 10001, sv: 7, lifeSeconds: 60 })
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(payload).to.include({ uid: 10001, sub: '10001', iss: 'homing', typ: 'access', sv: 7 })
    expect(payload.exp - payload.iat).to.equal(60)
  })

  describe('the user', () => {
    const userOf = async (payload: string) => {
      const verification = await tokens.verifyAccessToken(signText(payload))
      return verification.ok ? verification.session.user : verification.reason
    }
    const withUser = (text: string) => `{"iss":"homing","exp":${inAnHour()},${text}}`

    it('is uid, else user_id, else sub', async () => {
      expect(await userOf(withUser('"uid":"a","user_id":"b","sub":"c"'))).to.equal('a')
      expect(await userOf(withUser('"user_id":"b","sub":"c"'))).to.equal('b')
      expect(await userOf(withUser('"sub":"c"'))).to.equal('c')
      expect(await userOf(withUser('"uid":null,"sub":"c"'))).to.equal('c')
    })

    it('is exact beyond 2^53, as a number and as a string', async () => {
      expect(await userOf(withUser('"uid":9007199254740993'))).to.equal('9007199254740993')
      expect(await userOf(withUser('"uid":12345678901234567890'))).to.equal('12345678901234567890')
      expect(await userOf(withUser('"uid":"9007199254740993"'))).to.equal('9007199254740993')
      expect(await userOf(withUser('"user_id":9007199254740995,"sub":"c"'))).to.equal('9007199254740995')
    })

    for (const text of [
      '"uid":1.5',
      '"uid":1e30',
      '"uid":true',
      '"uid":{}',
      '"uid":["a"]',
      '"uid":""',
      '"uid":"a b"',
      '"uid":"a.b"',
      `"uid":"${'a'.repeat(65)}"`,
      '"uid":-1.0e-3',
      '"name":"nobody"',
    ])
      it(`cannot be ${text.slice(0, 30)}`, async () => {
        expect(await userOf(withUser(text))).to.equal('invalid')
      })
  })

  it('a token without sv has version 0', async () => {
    expect(await verifyClaims({ sv: undefined })).to.have.nested.property('session.sv', 0)
  })

  for (const sv of [-1, 1.5, '1', null, true, 2 ** 53])
    it(`sv ${JSON.stringify(sv)} is refused`, async () => {
      expect(await verifyClaims({ sv })).to.deep.equal(INVALID)
    })

  it('a token of another type is refused, one without a type is not', async () => {
    expect(await verifyClaims({ typ: 'refresh' })).to.deep.equal(INVALID)
    expect(await verifyClaims({ typ: null })).to.deep.equal(INVALID)
    expect(await verifyClaims({ typ: undefined })).to.have.property('ok', true)
  })

  it('device, its policy and role are read, and refused when they are none', async () => {
    expect(await verifyClaims({ device: 'phone', role: ['agent'] }))
      .to.deep.include({ ok: true })
      .and.have.nested.property('session.device', 'phone')
    for (const device of [1, '', 'a\nb', 'd'.repeat(65)])
      expect(await verifyClaims({ device })).to.deep.equal(INVALID)
    for (const [claim, policy] of [
      [3, { keep: 'newest', count: 3 }],
      ['2', { keep: 'newest', count: 2 }],
      ['per-device', { keep: 'one-per-device' }],
    ])
      expect(await verifyClaims({ device_policy: claim }))
        .to.have.nested.property('session.policy')
        .deep.equal(policy)
    for (const device_policy of [0, -1, 1.5, '', 'each', '03', null, [3], 1e9 + 0.5])
      expect(await verifyClaims({ device_policy }), String(device_policy)).to.deep.equal(INVALID)
    for (const role of [1, [1], {}]) expect(await verifyClaims({ role })).to.deep.equal(INVALID)
  })

  it('a role is had alone or in a list', () => {
    const session = { user: 'a', sv: 0, expiresAt: 0 }
    expect(hasRole({ ...session, role: 'admin' }, 'admin')).to.equal(true)
    expect(hasRole({ ...session, role: ['agent', 'admin'] }, 'admin')).to.equal(true)
    expect(hasRole({ ...session, role: 'administrator' }, 'admin')).to.equal(false)
    expect(hasRole(session, 'admin')).to.equal(false)
  })

  it('an expired token is told from an invalid one', async () => {
    const past = Math.floor(Date.now() / 1000) - 1
    expect(await verifyClaims({ exp: past })).to.deep.equal({ ok: false, reason: 'expired' })
    expect(await verifyClaims({ exp: past, iss: 'other' })).to.deep.equal(INVALID)
  })

  it('a token without exp, of another issuer or not yet valid is refused', async () => {
    for (const changes of [
      { exp: undefined },
      { exp: '9999999999' },
      { iss: 'other' },
      { iss: undefined },
      { nbf: inAnHour() },
    ])
      expect(await verifyClaims(changes), JSON.stringify(changes)).to.deep.equal(INVALID)
  })

  it('a token signed with another secret is refused', async () => {
    expect(await tokens.verifyAccessToken(signText(claims(), { secret: `${SECRET}!` }))).to.deep.equal(
      INVALID,
    )
  })

  it('alg none is refused, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const text = `${encode(JSON.stringify({ alg }))}.${encode(claims())}`
      expect(await tokens.verifyAccessToken(`${text}.`)).to.deep.equal(INVALID)
      expect(await tokens.verifyAccessToken(signText(claims(), { alg }))).to.deep.equal(INVALID)
    }
  })

  it('a token that names another HMAC is refused', async () => {
    expect(await tokens.verifyAccessToken(signText(claims(), { alg: 'HS512' }))).to.deep.equal(INVALID)
  })

  it('no text makes verification throw', async () => {
    const token = signText(claims())
    const mutated = fc
      .tuple(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
      .map(([at, text]) => token.slice(0, at) + text + token.slice(at + 1))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          mutated,
          fc.json().map(json => signText(json)),
        ),
        async text => {
          const verification = await tokens.verifyAccessToken(text)
          // Base64url's unused last bits: another text of the same signature is the same token.
          if (verification.ok) expect(verification.session.user).to.equal('10001')
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('an oversized token is refused unread', async () => {
    expect(await verifyClaims({ padding: 'x'.repeat(10_000) })).to.deep.equal(INVALID)
  })

  it('HS256 needs a secret, other algorithms a key', async () => {
    for (const JWT_ALGORITHM of ['HS256', 'RS256', 'EdDSA'] as const)
      await expectRejection(Tokens.create({ ...settings, JWT_ALGORITHM }), /secret|JWT_PUBLIC_KEY/)
  })
})

describe('tokens of another issuer’s keys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ed = generateKeyPairSync('ed25519')
  const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
  const sign = (alg: string, key: KeyObject, kid?: string) =>
    new SignJWT({ uid: 10001 })
      .setProtectedHeader({ alg, ...(kid && { kid }) })
      .setIssuer('homing')
      .setExpirationTime('1h')
      .sign(key)

  for (const [algorithm, pair] of [
    ['RS256', rsa],
    ['EdDSA', ed],
  ] as const) {
    it(`${algorithm} tokens are verified by the public key, and none are issued`, async () => {
      const verifier = await Tokens.create({
        ...settings,
        JWT_ALGORITHM: algorithm,
        JWT_PUBLIC_KEY: pem(pair.publicKey),
      })
      expect(await verifier.verifyAccessToken(await sign(algorithm, pair.privateKey))).to.have.property(
        'ok',
        true,
      )
      expect(verifier.canSign).to.equal(false)
    })

    it(`an HMAC under the ${algorithm} public key is refused`, async () => {
      const text = pem(pair.publicKey)
      const verifier = await Tokens.create({ ...settings, JWT_ALGORITHM: algorithm, JWT_PUBLIC_KEY: text })
      for (const secret of [text, text.trim(), pair.publicKey.export({ type: 'spki', format: 'der' })])
        expect(await verifier.verifyAccessToken(signText(claims(), { secret }))).to.deep.equal(INVALID)
    })
  }

  it('an RS256 token is refused where HS256 is configured', async () => {
    expect(await tokens.verifyAccessToken(await sign('RS256', rsa.privateKey))).to.deep.equal(INVALID)
  })

  it('keys are fetched from a JWKS server; an unknown key is the token’s fault, a dead server is not', async () => {
    const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'one', alg: 'RS256' }
    const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const withJwks = { ...settings, JWT_ALGORITHM: 'RS256', JWKS_URL: `http://127.0.0.1:${port}/` } as const
    const verifier = await Tokens.create(withJwks)
    expect(await verifier.verifyAccessToken(await sign('RS256', rsa.privateKey, 'one'))).to.have.property(
      'ok',
      true,
    )
    expect(await verifier.verifyAccessToken(await sign('RS256', rsa.privateKey, 'two'))).to.deep.equal(
      INVALID,
    )
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    const late = await Tokens.create(withJwks)
    await expectRejection(late.verifyAccessToken(await sign('RS256', rsa.privateKey, 'one')), /./)
  })
})

async function expectRejection(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  )
  expect(error).to.be.instanceOf(Error)
  expect((error as Error).message).to.match(message)
}
