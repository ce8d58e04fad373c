import { AccountError, findUser } from '../accounts.ts'

const NOT_FOUND = 40_400

/** Names and user ids, as far as this chat has met them. */
export class People {
  readonly #find: (name: string) => Promise<{ readonly userId: string }>
  readonly #ids = new Map<string, string>()
  readonly #names = new Map<string, string>()

  constructor(find: (name: string) => Promise<{ readonly userId: string }>) {
    this.#find = find
  }

  /** Asks the server; `token` answers an access token. */
  static of(url: string, token: () => Promise<string>): People {
    return new People(async name => findUser(url, await token(), name))
  }

  meet(name: string, userId: string): void {
    this.#ids.set(name, userId)
    this.#names.set(userId, name)
  }

  /** The name of an id, or the id itself. */
  nameOf(userId: string): string {
    return this.#names.get(userId) ?? userId
  }

  /** The id of a name; a number that is nobody's name is an id. Undefined when there is no such user. */
  async idOf(name: string): Promise<string | undefined> {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    try {
      const { userId } = await this.#find(name)
      this.meet(name, userId)
      return userId
    } catch (error) {
      if (!(error instanceof AccountError) || error.code !== NOT_FOUND) throw error
      return /^\d+$/.test(name) ? name : undefined
    }
  }
}
