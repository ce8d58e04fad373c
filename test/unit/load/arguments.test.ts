import { expect } from 'chai'
import { readArguments, UsageError } from '../../../tools/load/arguments.ts'
import { sourceAddress, workersOf } from '../../../tools/load/options.ts'

const target = ['--url', 'http://127.0.0.1:8080', '--jwt-secret', 'secret']

describe('the load tester’s command line', () => {
  it('has the run of document 001 as its default', () => {
    const { command, options } = readArguments(target, {})
    expect(command).to.equal('load')
    expect(options).to.include({ mode: 'single-e2e', clients: 5000, msgIntervalMs: 3000, seconds: 60 })
  })

  it('reads what is given', () => {
    const { options, json } = readArguments(
      [
        ...target,
        '--url',
        'http://localhost:81/ws',
        '--mode',
        'ping',
        '--clients',
        '3',
        '--repeats',
        '2',
      ].concat(['--warmup', '0', '--reconnect', '--json', 'out.json']),
      {},
    )
    expect(options.urls).to.deep.equal(['http://127.0.0.1:8080', 'http://localhost:81'])
    expect(options).to.include({ mode: 'ping', clients: 3, repeats: 2, warmupSeconds: 0, reconnect: true })
    expect(json).to.equal('out.json')
  })

  it('signs with the secret of the environment, unless it is to log in', () => {
    const environment = { HOMING_JWT_SECRET: 'theirs' }
    const url = ['--url', 'http://127.0.0.1:1']
    expect(readArguments(url, environment).options.credentials).to.deep.equal({
      kind: 'signed',
      secret: 'theirs',
    })
    expect(readArguments([...url, '--login'], environment).options.credentials).to.deep.equal({
      kind: 'login',
    })
  })

  it('needs neither an address nor a secret to compare', () => {
    expect(readArguments(['compare', '--cluster'], {})).to.include({ command: 'compare', cluster: true })
  })

  const mistakes: Record<string, string[]> = {
    'no address': ['--jwt-secret', 's'],
    'no secret': ['--url', 'http://127.0.0.1:1'],
    'a WebSocket address': [...target, '--url', 'ws://127.0.0.1:1'],
    'an unknown mode': [...target, '--mode', 'fast'],
    'an unknown flag': [...target, '--quick'],
    'an unknown command': [...target, 'race'],
    'half a client': [...target, '--clients', '2.5'],
    'a pair of one': [...target, '--clients', '1'],
    'an empty number': [...target, '--seconds', ''],
  }
  for (const [mistake, args] of Object.entries(mistakes)) {
    it(`refuses ${mistake}`, () => {
      expect(() => readArguments(args, {})).to.throw(UsageError)
    })
  }

  it('spreads 50,000 clients over processes and source addresses', () => {
    const { options } = readArguments([...target, '--clients', '50000'], {})
    expect(workersOf(options)).to.equal(4)
    const addresses = new Set([0, 1, 2, 3].map(index => sourceAddress(options, index)))
    expect(addresses).to.deep.equal(new Set(['127.0.0.1', '127.0.0.2', '127.0.0.3']))
  })
})
