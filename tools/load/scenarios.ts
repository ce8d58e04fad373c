import { createGroup } from './groups.ts'
import { type Conversation, MessagingScenario } from './messaging-scenario.ts'
import { unitOf } from './options.ts'
import { PingScenario } from './ping-scenario.ts'
import type { Observer, Scenario } from './scenario.ts'
import type { Identity } from './tokens.ts'
import type { Share } from './worker-messages.ts'

/** What a share's clients do in the run's mode; in groups, these are made first. */
export async function makeScenario(
  share: Share,
  identities: readonly Identity[],
  observer: Observer,
): Promise<Scenario> {
  const { options, runId } = share
  const conversations = options.mode === 'group' ? await groups(share, identities) : pairs(share, identities)
  switch (options.mode) {
    case 'connect':
    case 'ping':
      return new PingScenario(observer)
    case 'single-e2e':
    case 'ack-stress':
    case 'group': {
      const body = 'abcdefghij '
        .repeat(Math.ceil(options.bodyCharacters / 11))
        .slice(0, options.bodyCharacters)
      const readReceipts = options.mode === 'ack-stress'
      return new MessagingScenario({ runId, conversations, body, readReceipts }, observer)
    }
    default:
      return options.mode satisfies never
  }
}

/** Neighbours talk to each other; both send. */
function pairs({ first }: Share, identities: readonly Identity[]): Map<number, Conversation> {
  return new Map(
    identities.flatMap((_, i): [number, Conversation][] => {
      const partner = i ^ 1
      const to = identities[partner]?.user
      const address = `"type":"SINGLE_CHAT","to":"${to}"`
      return to === undefined ? [] : [[first + i, { address, receivers: [first + partner] }]]
    }),
  )
}

async function groups(
  { options, first }: Share,
  identities: readonly Identity[],
): Promise<Map<number, Conversation>> {
  const [url = ''] = options.urls
  const size = unitOf(options)
  const conversations = new Map<number, Conversation>()
  for (let start = 0; start < identities.length; start += size) {
    const members = identities.slice(start, start + size)
    const groupId = await createGroup(url, members)
    const numbers = members.map((_, i) => first + start + i)
    const address = `"type":"GROUP_CHAT","groupId":"${groupId}"`
    for (const sender of numbers) {
      conversations.set(sender, { address, receivers: numbers.filter(number => number !== sender) })
    }
  }
  return conversations
}
