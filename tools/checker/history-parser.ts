import type { HistoryLine } from './history.ts'
import { Unreadable } from './unreadable.ts'

type FieldKind = 'text' | 'texts' | 'whole' | 'text, if any' | 'whole, if any'

interface Shape {
  readonly types: readonly string[]
  readonly fields: Readonly<Record<string, FieldKind>>
  /** Needed on `ok` as well. */
  readonly answer?: string
}

const operation = ['invoke', 'ok', 'fail', 'info']
const membership = { by: 'text', users: 'texts', conv: 'text' } as const

const shapes: Readonly<Record<HistoryLine['f'], Shape>> = {
  send: {
    types: operation,
    fields: { conv: 'text', from: 'text', id: 'text', conn: 'text', seq: 'whole, if any' },
    answer: 'seq',
  },
  recv: {
    types: ['ok'],
    fields: { user: 'text', conn: 'text', conv: 'text', seq: 'whole', id: 'text', from: 'text' },
  },
  login: {
    types: operation,
    fields: {
      user: 'text',
      conn: 'text',
      sv: 'whole, if any',
      device: 'text, if any',
      limit: 'whole, if any',
    },
    answer: 'sv',
  },
  read: { types: operation, fields: { user: 'text', conv: 'text', upto: 'whole' } },
  unread: {
    types: operation,
    fields: { user: 'text', conv: 'text', value: 'whole, if any' },
    answer: 'value',
  },
  join: { types: operation, fields: membership },
  leave: { types: operation, fields: membership },
  remove: { types: operation, fields: membership },
  notice: {
    types: ['ok'],
    fields: {
      user: 'text',
      conn: 'text',
      conv: 'text',
      seq: 'whole',
      event: 'text',
      from: 'text',
      users: 'texts',
    },
  },
  status: { types: ['info'], fields: { user: 'text', status: 'text' } },
  presence: {
    types: ['ok'],
    fields: { user: 'text', conn: 'text', of: 'text', status: 'text', ts: 'whole' },
  },
  dup: {
    types: ['info'],
    fields: { user: 'text', conn: 'text', seq: 'whole', conv: 'text, if any' },
  },
  fault: { types: ['info'], fields: { what: 'text', process: 'text', seed: 'whole' } },
  quiet: { types: ['info'], fields: {} },
}

const shapeEntries = new Map(
  Object.entries(shapes).map(([f, shape]) => [
    f,
    { ...shape, fields: Object.entries({ ...shape.fields, proc: 'text' as const }) },
  ]),
)

/** The line of a history; throws Unreadable with the line's number. Fields it does not know stay as they are. */
export function parseHistoryLine(text: string, number: number): HistoryLine {
  const line = parseObject(text, number)
  if (!Number.isFinite(line.t)) throw new Unreadable(number, 't is not a number of milliseconds')
  const shape = typeof line.f === 'string' ? shapeEntries.get(line.f) : undefined
  if (!shape) throw new Unreadable(number, `unknown f ${JSON.stringify(line.f)}`)
  const { types, fields, answer } = shape
  if (typeof line.type !== 'string' || !types.includes(line.type))
    throw new Unreadable(number, `a ${line.f} has no type ${JSON.stringify(line.type)}`)
  for (const [name, kind] of fields)
    if (!isOfKind(line[name], kind))
      throw new Unreadable(number, `${line.f} ${line.type} needs ${name} (${kind})`)
  if (answer !== undefined && line.type === 'ok' && line[answer] === undefined)
    throw new Unreadable(number, `${line.f} ok needs ${answer}`)
  // Every field that the types name has just been looked at.
  return line as unknown as HistoryLine
}

function parseObject(text: string, number: number): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Unreadable(number, `not JSON: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Unreadable(number, 'not a JSON object')
  return value as Record<string, unknown>
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string' && value !== ''
    case 'texts':
      return Array.isArray(value) && value.every(each => isOfKind(each, 'text'))
    case 'whole':
      return Number.isSafeInteger(value) && Number(value) >= 0
    case 'text, if any':
      return value === undefined || isOfKind(value, 'text')
    case 'whole, if any':
      return value === undefined || isOfKind(value, 'whole')
    default:
      return kind satisfies never
  }
}
