import { expect } from 'chai'
import fc from 'fast-check'
import { decodeDedupeId, encodeDedupeId } from '../../../messaging/nats-append.ts'

describe('a dedupe id in a header', () => {
  it('comes back as it was and holds nothing that a header would lose', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), id => {
        const header = encodeDedupeId(id)
        expect(decodeDedupeId(header)).to.equal(id)
        expect(header).to.match(/^[!-~]*$/)
      }),
    )
  })

  it('is the id itself where that is plain', () => {
    expect(encodeDedupeId('alice:m-1_2.3')).to.equal('alice:m-1_2.3')
  })

  it('is shown as it is when somebody else wrote it', () => {
    expect(decodeDedupeId('100%')).to.equal('100%')
  })
})
