/** The frames' types and the texts in them. Source: the MessagePack contract. */
export const FrameType = {
  auth: 1,
  chat: 2,
  ack: 3,
  sync: 4,
  presence: 5,
  ping: 6,
  authAnswer: 101,
  chatPush: 102,
  syncAnswer: 103,
  presencePush: 104,
  pong: 105,
  error: 106,
} as const

const textOf: Readonly<Record<string, string>> = { TEXT: 'text', VOICE: 'voice', IMAGE: 'image' }

/** The kinds of messages that clients may send; they may receive more. */
export const chatTypes = {
  /** Undefined when there is no such kind. */
  wireOf: (msgType = 'TEXT'): string | undefined =>
    Object.hasOwn(textOf, msgType) ? textOf[msgType] : undefined,
  msgTypeOf: (type: string): string => type.toUpperCase(),
}

/**
 * What the codes of errors say about a refused frame, where the server gives no reason. A code that is missing here
 * is final for its frame; what it means for the connection is told by the close code.
 */
export const reasonOfCode: ReadonlyMap<string, string> = new Map([
  ['WS_RATE_LIMITED', 'too_many_requests'],
  ['WS_INTERNAL_ERROR', 'internal_error'],
])
