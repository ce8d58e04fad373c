import { audit } from './audit.ts'
import { customerServiceContract } from './customer-service.ts'
import { deadLetters } from './dead-letters.ts'
import { groupStore } from './group-store.ts'
import { incomingContract } from './incoming.ts'
import { accounts, refreshTokens } from './store-accounts.ts'
import type { Context, StoreHarness } from './store-context.ts'
import { messages } from './store-messages.ts'
import { unread } from './store-unread.ts'
import { cursors, sessions } from './store-users.ts'

export type { StoreHarness } from './store-context.ts'

/** The promises of storage/store.ts. */
export function storeContract(name: string, make: () => Promise<StoreHarness>): void {
  describe(`the store (${name})`, function () {
    this.timeout(60_000)
    let harness: StoreHarness
    before(async () => {
      harness = await make()
    })
    after(() => harness?.close())

    const context: Context = {
      store: () => harness.store,
      save: entries => harness.save(entries),
      bury: letter => harness.bury(letter),
    }
    it('answers, and may be migrated again', async () => {
      await harness.store.migrate()
      await harness.store.ping()
    })
    describe('users', () => sessions(context))
    describe('cursors', () => cursors(context))
    describe('messages', () => messages(context))
    describe('unread', () => unread(context))
    describe('groups', () => groupStore(context))
    describe('accounts', () => accounts(context))
    describe('refresh tokens', () => refreshTokens(context))
    describe('what waits', () => incomingContract(context.store, context.save))
    describe('audit', () => audit(context))
    describe('dead letters', () => deadLetters(context))
    customerServiceContract(context.store)
  })
}
