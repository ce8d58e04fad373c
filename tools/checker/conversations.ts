import { parseConversation } from '../../protocol/ids.ts'
import { Unreadable } from './unreadable.ts'

export interface Conversation {
  readonly name: string
  /** Both sides of a direct conversation, undefined for a group's. */
  readonly sides: readonly [string, string] | undefined
}

/** The conversations of a history, each one object. */
export class Conversations {
  readonly #byName = new Map<string, Conversation>()

  /** `line` is the one to blame when there is no such conversation. */
  get(name: string, line: number): Conversation {
    const known = this.#byName.get(name)
    if (known) return known
    const parsed = parseConversation(name)
    if (!parsed) throw new Unreadable(line, `no conversation is called ${name}`)
    const conversation = { name, sides: parsed.kind === 'direct' ? parsed.users : undefined }
    this.#byName.set(name, conversation)
    return conversation
  }
}

/** The other side of a direct conversation; undefined in a group and for who is not in it. */
export function peerIn({ sides }: Conversation, user: string): string | undefined {
  if (!sides) return undefined
  const [a, b] = sides
  return user === a ? b : user === b ? a : undefined
}
