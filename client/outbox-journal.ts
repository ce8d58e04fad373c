import { readFile } from 'node:fs/promises'
import { hasCode } from './file-error.ts'
import type { OutboxMessage } from './outbox.ts'

/** A line of the outbox's journal. Reading one twice is the same as reading it once. */
export type JournalLine = { readonly add: OutboxMessage } | { readonly remove: string }

async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  })
  return text.split('\n').slice(0, -1) // what has no line end was being written when the process died
}

/** The messages that were added and not removed, in order. Rejects when a whole line cannot be read. */
export async function readJournal(path: string): Promise<Map<string, OutboxMessage>> {
  const live = new Map<string, OutboxMessage>()
  for (const [index, text] of (await readLines(path)).entries()) {
    const line = parseLine(text)
    if (!line) throw new Error(`${path}: line ${index + 1} is damaged`)
    if ('add' in line) live.set(line.add.clientMsgId, line.add)
    else live.delete(line.remove)
  }
  return live
}

function parseLine(text: string): JournalLine | undefined {
  try {
    const line: unknown = JSON.parse(text)
    if (typeof line !== 'object' || line === null) return undefined
    return 'add' in line || 'remove' in line ? (line as JournalLine) : undefined
  } catch {
    return undefined
  }
}
