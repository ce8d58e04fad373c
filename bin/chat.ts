import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { jittered, reconnectBackoff } from '../client/backoff.ts'
import { Chat } from '../client/chat/chat.ts'
import { HELP } from '../client/chat/input.ts'
import { type ChatOptions, readChatOptions, USAGE } from '../client/chat/options.ts'
import { People } from '../client/chat/people.ts'
import { Screen } from '../client/chat/screen.ts'
import { FileInUseError } from '../client/file-lock.ts'
import { FileOutbox } from '../client/file-outbox.ts'
import { AccountError, HomingClient, login, type Session, sessionTokens } from '../client/index.ts'

const LOCK_PATIENCE_MS = 5000
const LOCK_LOOK_MS = 100
const LAST_SAVES_MS = 10_000

/** A chat in the terminal, built on the client library. */
async function main(options: ChatOptions): Promise<number> {
  const screen = new Screen()
  if (options.isTrialPassword)
    screen.print(
      `Logging in with the password "${options.password}": only for trying out, anybody can guess it.`,
    )
  const session = await loginPatiently(options, screen)
  // The login has ended an older chat of the same user, which lets go of the outbox now.
  const outbox = await openOutbox(options)
  const token = sessionTokens(options.url, session)
  const { url, protocol } = options
  const client = new HomingClient({ url, token, outbox, protocol })
  const people = People.of(options.url, token)
  people.meet(options.username, session.userId)
  const chat = new Chat(client, people, screen)
  const isOver = new Promise<'over'>(resolve =>
    client.on('state', state => state.name === 'closed' && resolve('over')),
  )
  await client.connect()
  if (client.unsaved > 0) screen.print(`-- ${client.unsaved} messages from last time are still to be sent`)
  screen.print(HELP)
  if (options.to !== undefined) await chat.take(`/to ${options.to}`)

  const end = await Promise.race([isOver, converse(chat, screen)])
  if (end === 'typed') await Promise.race([isOver, lastSaves(client)])
  if (client.unsaved > 0) screen.print(`-- ${client.unsaved} messages are kept for the next time`)
  client.close()
  await outbox.close()
  screen.close()
  return end === 'typed' ? 0 : 1
}

/** Until the input ends or asks to leave. Lines are done one after the other, so messages go out as they were typed. */
async function converse(chat: Chat, screen: Screen): Promise<'typed'> {
  for await (const line of screen.lines()) if (!(await chat.take(line))) break
  return 'typed'
}

/** What was typed last should not have to wait for the next time, if the server can be reached. */
async function lastSaves(client: HomingClient): Promise<void> {
  if (client.unsaved === 0) return
  const allSaved = new Promise<void>(resolve => client.on('saved', () => client.unsaved === 0 && resolve()))
  await Promise.race([allSaved, delay(LAST_SAVES_MS)])
}

/** Rejects with AccountError when the server says no; a server that is not there may come. */
async function loginPatiently({ url, username, password }: ChatOptions, screen: Screen): Promise<Session> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await login(url, username, password)
    } catch (error) {
      if (error instanceof AccountError && error.code < 50_000) throw error
      const ms = jittered(reconnectBackoff, failures, Math.random)
      screen.print(`-- no answer from ${url}; trying again in ${(ms / 1000).toFixed(1)} s`)
      await delay(ms)
    }
  }
}

async function openOutbox({ dataDir, url, username }: ChatOptions): Promise<FileOutbox> {
  await mkdir(dataDir, { recursive: true })
  const path = join(dataDir, `${encodeURIComponent(`${username}@${new URL(url).host}`)}.outbox`)
  for (const patientUntil = Date.now() + LOCK_PATIENCE_MS; ; ) {
    try {
      return await FileOutbox.open(path)
    } catch (error) {
      if (!(error instanceof FileInUseError) || Date.now() > patientUntil) throw error
      await delay(LOCK_LOOK_MS)
    }
  }
}

function readOptionsOrExit(): ChatOptions {
  try {
    return readChatOptions(process.argv.slice(2), process.env)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

try {
  process.exit(await main(readOptionsOrExit()))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
