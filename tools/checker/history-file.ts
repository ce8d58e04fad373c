import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { HistoryLine } from './history.ts'
import { parseHistoryLine } from './history-parser.ts'

const CHUNK_BYTES = 1 << 20

/** The lines of a file as text, without their ends. Holds one chunk at a time, however long the file. */
export function* textLines(path: string): Generator<string> {
  const file = openSync(path, 'r')
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const decoder = new StringDecoder('utf8')
    let rest = ''
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, length))).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    rest += decoder.end()
    if (rest !== '') yield rest
  } finally {
    closeSync(file)
  }
}

/** The lines of a history; throws Unreadable at the first that is none, and what `openSync` throws. */
export function* readHistory(path: string): Generator<HistoryLine> {
  let number = 0
  for (const text of textLines(path)) {
    number += 1
    yield parseHistoryLine(text, number)
  }
}
