export const stompVersions = ['1.2', '1.1', '1.0'] as const
export type StompVersion = (typeof stompVersions)[number]

/** How headers are written: as a version has it, or plainly, as in CONNECT and CONNECTED of all versions. */
export type Escapes = StompVersion | 'none'

/** By version: what stands for what. Source: STOMP 1.1 and 1.2, "Value Encoding"; 1.0 has none. */
const encoded: Readonly<Record<Escapes, Readonly<Record<string, string>>>> = {
  '1.2': { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' },
  '1.1': { '\\': '\\\\', '\n': '\\n', ':': '\\c' },
  '1.0': {},
  none: {},
}

const decoded: Readonly<Record<Escapes, Readonly<Record<string, string>>>> = {
  '1.2': inverted(encoded['1.2']),
  '1.1': inverted(encoded['1.1']),
  '1.0': {},
  none: {},
}

/** A header's name or value for the wire. What the version cannot say (an end of line, in 1.0) becomes a space. */
export const escapeHeader = (text: string, escapes: Escapes): string =>
  text.replace(/[\\\n\r:\0]/g, character => {
    const known = encoded[escapes][character]
    if (known !== undefined) return known
    return character === '\n' || character === '\r' || character === '\0' ? ' ' : character
  })

/** The text behind a header's name or value, or undefined where an escape sequence is none of the version's. */
export function unescapeHeader(text: string, escapes: Escapes): string | undefined {
  if (escapes === '1.0' || escapes === 'none' || !text.includes('\\')) return text
  let wrong = false
  const plain = text.replace(/\\.?/gsu, sequence => {
    const character = decoded[escapes][sequence]
    wrong ||= character === undefined
    return character ?? ''
  })
  return wrong ? undefined : plain
}

function inverted(table: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(table).map(([from, to]) => [to, from]))
}
