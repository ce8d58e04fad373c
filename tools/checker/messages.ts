import { type Conversation, type Conversations, peerIn } from './conversations.ts'
import type { RecvLine, SendLine } from './history.ts'
import { Unreadable } from './unreadable.ts'

/** What the lines so far say of a message. Points in the history are line numbers. */
export interface Message {
  /** Counts messages from 0, for columns beside them. */
  readonly index: number
  readonly from: string
  readonly id: string
  readonly conv: Conversation
  /** The recipient in a direct conversation. */
  readonly to: string | undefined
  /** How often it was invoked; 0 for one that was received but never sent. */
  attempts: number
  refusals: number
  /** As first told. */
  seq: number | undefined
  invoked: number | undefined
  acknowledged: number | undefined
  /** When its recipient, or a first one in a group, had it. */
  received: number | undefined
  /** The first proof that the log had it: its acknowledgement or a receipt. */
  stored: number | undefined
}

/** Each attempt was finally refused, so nobody may ever have it. */
export const isRefused = ({ attempts, refusals }: Message): boolean => attempts > 0 && attempts === refusals

/** All messages of a history by sender and id. */
export class Messages {
  readonly all: Message[] = []
  readonly #conversations: Conversations
  readonly #bySender = new Map<string, Map<string, Message>>()

  constructor(conversations: Conversations) {
    this.#conversations = conversations
  }

  /** Takes in a send's line and returns its message. */
  send(line: SendLine, at: number): Message {
    const conv = this.#conversations.get(line.conv, at)
    const message = this.#message(line.from, line.id, conv)
    if (message.conv !== conv)
      throw new Unreadable(at, `${line.id} of ${line.from} was in ${message.conv.name} before`)
    if (conv.sides && message.to === undefined)
      throw new Unreadable(at, `${line.from} is not in ${line.conv}`)
    switch (line.type) {
      case 'invoke':
        message.attempts += 1
        message.invoked ??= at
        return message
      case 'ok':
        message.acknowledged ??= at
        message.stored ??= at
        message.seq ??= line.seq
        break
      case 'fail':
        message.refusals += 1
        break
      case 'info':
        break
      default:
        line satisfies never
    }
    if (message.attempts === 0) throw new Unreadable(at, `${line.id} of ${line.from} ends without an invoke`)
    return message
  }

  /** Takes in a receipt and returns the message of its sender and id, be it one that nobody has sent. */
  recv(line: RecvLine, at: number): Message {
    const message = this.#message(line.from, line.id, this.#conversations.get(line.conv, at))
    message.stored ??= at
    message.seq ??= line.seq
    if (message.to === undefined || message.to === line.user) message.received ??= at
    return message
  }

  #message(from: string, id: string, conv: Conversation): Message {
    const known = this.#bySender.get(from)?.get(id)
    if (known) return known
    const message: Message = {
      index: this.all.length,
      from,
      id,
      conv,
      to: peerIn(conv, from),
      attempts: 0,
      refusals: 0,
      seq: undefined,
      invoked: undefined,
      acknowledged: undefined,
      received: undefined,
      stored: undefined,
    }
    this.all.push(message)
    const ofSender = this.#bySender.get(from)
    if (ofSender) ofSender.set(id, message)
    else this.#bySender.set(from, new Map([[id, message]]))
    return message
  }
}
