import { expect } from 'chai'
import { parseInput } from '../../../client/chat/input.ts'
import { readChatOptions } from '../../../client/chat/options.ts'
import { People } from '../../../client/chat/people.ts'
import { harmless } from '../../../client/chat/screen.ts'
import { AccountError } from '../../../client/index.ts'

describe('the chat', () => {
  const lines = {
    '  ': { kind: 'nothing' },
    'hello you': { kind: 'say', text: 'hello you' },
    '@bob hello': { kind: 'say', text: 'hello', name: 'bob' },
    '@bob': { kind: 'to', name: 'bob' },
    '@ home': { kind: 'say', text: '@ home' },
    '/to  bob b': { kind: 'to', name: 'bob b' },
    '/to': { kind: 'unknown', command: '/to' },
    '/quit': { kind: 'quit' },
    '/help me': { kind: 'help' },
    '/dance': { kind: 'unknown', command: '/dance' },
  }
  for (const [line, input] of Object.entries(lines))
    it(`reads "${line}" as ${input.kind}`, () => expect(parseInput(line)).to.deep.equal(input))

  it('takes the password of the arguments before that of the environment, and says when nobody chose one', () => {
    const env = { HOMING_CHAT_PASSWORD: 'env' }
    expect(readChatOptions(['alice', '--password', 'arg'], env).password).to.equal('arg')
    expect(readChatOptions(['alice'], env)).to.include({ password: 'env', isTrialPassword: false })
    expect(readChatOptions(['alice'], {})).to.include({ username: 'alice', isTrialPassword: true })
  })

  it('speaks JSON unless it is told to speak MessagePack', () => {
    expect(readChatOptions(['alice'], {}).protocol).to.equal('json')
    expect(readChatOptions(['alice', '--protocol', 'msgpack'], {}).protocol).to.equal('msgpack')
  })

  it('refuses to guess what was meant', () => {
    expect(() => readChatOptions([], {})).to.throw(TypeError)
    expect(() => readChatOptions(['alice', 'bob'], {})).to.throw(TypeError)
    expect(() => readChatOptions(['alice', '--url', 'nowhere'], {})).to.throw(TypeError)
    expect(() => readChatOptions(['alice', '--two', 'bob'], {})).to.throw(TypeError)
    expect(() => readChatOptions(['alice', '--protocol', 'stomp'], {})).to.throw(TypeError)
  })

  it('asks for a name once, takes a number that is nobody’s name for an id, and passes on what fails', async () => {
    const asked: string[] = []
    const people = new People(async name => {
      asked.push(name)
      if (name === 'bob') return { userId: '10002' }
      throw new AccountError(name === 'down' ? 50_000 : 40_400, 'no')
    })
    expect(await people.idOf('bob')).to.equal('10002')
    expect(await people.idOf('bob')).to.equal('10002')
    expect(people.nameOf('10002')).to.equal('bob')
    expect(await people.idOf('zoe')).to.equal(undefined)
    expect(await people.idOf('10007')).to.equal('10007')
    expect(await people.idOf('down').catch((e: unknown) => e)).to.be.instanceOf(AccountError)
    expect(asked).to.deep.equal(['bob', 'zoe', '10007', 'down'])
  })

  it('prints nothing that would command the terminal', () => {
    expect(harmless('a\u001b[2Jb\rc\nd\u009b')).to.equal('a\ufffd[2Jb\ufffdc\nd\ufffd')
  })
})
