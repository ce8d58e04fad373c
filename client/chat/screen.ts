import { on } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** What others wrote, without what would command this terminal. */
export const harmless = (text: string): string => text.replace(CONTROL, '\ufffd')

/** Lines in and lines out: a terminal keeps the line being typed below what is printed, a pipe has neither. */
export class Screen {
  readonly #input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly #output: NodeJS.WritableStream
  readonly #lines: Interface
  /** From the start, as a pipe's lines may be there before anybody asks for them. */
  readonly #typed: AsyncIterable<[string]>
  #isOver = false

  constructor(
    input: NodeJS.ReadableStream & { readonly isTTY?: boolean } = process.stdin,
    output: NodeJS.WritableStream = process.stdout,
  ) {
    this.#input = input
    this.#output = output
    this.#lines = createInterface({ input, output, terminal: this.#isTerminal, prompt: '> ' })
    this.#typed = on(this.#lines, 'line', { close: ['close'] }) as AsyncIterable<[string]>
    this.#lines.on('SIGINT', () => this.#lines.close())
    this.#lines.on('close', () => {
      this.#isOver = true
    })
  }

  get #isTerminal(): boolean {
    return this.#input.isTTY === true
  }

  /** Each line as it is typed, until the input ends. */
  async *lines(): AsyncGenerator<string> {
    this.#prompt()
    for await (const [line] of this.#typed) {
      yield line
      this.#prompt()
    }
  }

  talkingTo(name: string): void {
    this.#lines.setPrompt(`@${name} > `)
  }

  print(text: string): void {
    this.#output.write(this.#isTerminal ? `\r\u001b[K${text}\n` : `${text}\n`)
    this.#prompt()
  }

  close(): void {
    this.#lines.close()
  }

  #prompt(): void {
    if (this.#isTerminal && !this.#isOver) this.#lines.prompt(true)
  }
}
