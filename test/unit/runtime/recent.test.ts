import { expect } from 'chai'
import fc from 'fast-check'
import { Recent } from '../../../runtime/recent.ts'

describe('what was used lately', () => {
  const use = fc.record({ key: fc.integer({ min: 0, max: 30 }).map(String), set: fc.boolean() })

  it('keeps the last half of its capacity, and no wrong value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.array(use, { maxLength: 200 }), (capacity, uses) => {
        const recent = new Recent<number>(capacity)
        const values = new Map<string, number>()
        const order: string[] = []
        uses.forEach(({ key, set }, n) => {
          const found = recent.get(key)
          expect(found === undefined || found === values.get(key)).to.equal(true)
          if (order.slice(-Math.floor(capacity / 2)).includes(key)) expect(found).to.equal(values.get(key))
          if (!set && found === undefined) return
          if (set) {
            recent.set(key, n)
            values.set(key, n)
          }
          if (order.includes(key)) order.splice(order.indexOf(key), 1)
          order.push(key)
        })
      }),
    )
  })

  it('keeps a key that is used again and again among any number of others', () => {
    const recent = new Recent<string>(10)
    recent.set('used', 'value')
    for (let n = 0; n < 100; n += 1) {
      recent.set(String(n), 'other')
      expect(recent.get('used')).to.equal('value')
    }
  })

  it('keeps no more than its capacity', () => {
    const recent = new Recent<number>(10)
    const keys = Array.from({ length: 1000 }, (_, n) => String(n))
    for (const key of keys) recent.set(key, 1)
    expect(keys.filter(key => recent.get(key) !== undefined)).to.have.length.at.most(10)
  })

  it('forgets everything when told to', () => {
    const recent = new Recent<number>(10)
    recent.set('a', 1)
    recent.clear()
    expect(recent.get('a')).to.equal(undefined)
  })
})
