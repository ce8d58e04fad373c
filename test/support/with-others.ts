/** A part with other ways in places; what is not among `others` it does itself. */
export const withOthers = <T extends object>(part: T, others: Partial<T>): T =>
  new Proxy(part, {
    get: (target, name) => {
      const value: unknown = Reflect.get(others, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
