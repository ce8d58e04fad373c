/** What a line typed into the chat asks for. */
export type Input =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'help' }
  /** From now on to this user. */
  | { readonly kind: 'to'; readonly name: string }
  /** To `name`, from now on; without it to whom it was before. */
  | { readonly kind: 'say'; readonly text: string; readonly name?: string }
  | { readonly kind: 'unknown'; readonly command: string }

export const HELP = `  hello            say it to the one you talk to
  @bob hello       say it to bob, and talk to him from now on
  /to bob          talk to bob from now on
  /help            this
  /quit            leave; what could not be sent yet is kept`

export function parseInput(line: string): Input {
  const text = line.trim()
  if (text === '') return { kind: 'nothing' }
  if (text.startsWith('@')) return parseAddressed(text)
  if (!text.startsWith('/')) return { kind: 'say', text }
  const [command = '', ...rest] = text.split(/\s+/)
  const name = rest.join(' ')
  if (command === '/quit' || command === '/exit') return { kind: 'quit' }
  if (command === '/help') return { kind: 'help' }
  if (command === '/to' && name !== '') return { kind: 'to', name }
  return { kind: 'unknown', command }
}

function parseAddressed(text: string): Input {
  const [, name = '', said = ''] = /^@(\S*)\s*(.*)$/s.exec(text) ?? []
  if (name === '') return { kind: 'say', text }
  return said === '' ? { kind: 'to', name } : { kind: 'say', text: said, name }
}
