/** What a client asks for. */
export interface ListRequest {
  /** Absent when it has no list yet, or says something that is no id: then it gets the list. */
  readonly lastEventId?: number
  readonly acknowledge?: (answer: { readonly lastEventId: number }) => void
}

/** Reads the arguments of `request:<topic>`: nothing or `{lastEventId}`, and the ack callback, if given, last. */
export function readRequest(args: readonly unknown[]): ListRequest {
  const last = args.at(-1)
  const [payload] = args
  const given = typeof payload === 'object' && payload !== null && 'lastEventId' in payload
  const lastEventId = given ? readEventId(payload.lastEventId) : undefined
  return {
    ...(lastEventId !== undefined && { lastEventId }),
    ...(typeof last === 'function' && { acknowledge: answer => void last(answer) }),
  }
}

function readEventId(value: unknown): number | undefined {
  const id = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined
}
