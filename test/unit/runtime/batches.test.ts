import { expect } from 'chai'
import { Batches } from '../../../runtime/batches.ts'

interface Question {
  readonly keys: readonly number[]
  readonly answer: PromiseWithResolvers<ReadonlyMap<number, string>>
}

describe('questions asked in batches', () => {
  let questions: Question[]
  let batches: Batches<number, string>

  beforeEach(() => {
    questions = []
    batches = new Batches(
      keys => {
        const answer = Promise.withResolvers<ReadonlyMap<number, string>>()
        questions.push({ keys, answer })
        return answer.promise
      },
      { size: 10, atOnce: 2 },
    )
  })

  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
  const asked = () => questions.map(({ keys }) => keys)
  const answer = (index: number) => {
    const question = questions[index]
    question?.answer.resolve(new Map(question.keys.map(key => [key, `answer to ${key}`])))
  }

  it('go together as far as they come in one tick, and so many at once as may be', async () => {
    const answers = numbers(0, 35).map(key => batches.get(key))
    await Promise.resolve()
    expect(asked()).to.deep.equal([numbers(0, 10), numbers(10, 20)])
    answer(1)
    expect(await answers[15]).to.equal('answer to 15')
    await Promise.resolve()
    expect(asked().slice(2)).to.deep.equal([numbers(20, 30)])
    answer(0)
    answer(2)
    await answers[0]
    await answers[20]
    await Promise.resolve()
    answer(3)
    expect(await Promise.all(answers)).to.deep.equal(numbers(0, 35).map(key => `answer to ${key}`))
  })

  it('have a key once, however many wait for it, and again when it is asked for later', async () => {
    const early = [batches.get(1), batches.get(1)]
    await Promise.resolve()
    const late = batches.get(1)
    answer(0)
    expect(await Promise.all(early)).to.deep.equal(['answer to 1', 'answer to 1'])
    await Promise.resolve()
    expect(asked()).to.deep.equal([[1], [1]])
    answer(1)
    expect(await late).to.equal('answer to 1')
  })

  it('fail for those who are in a question that fails, and for nobody else', async () => {
    const lost = batches.get(1)
    await Promise.resolve()
    const found = batches.get(2)
    questions[0]?.answer.reject(new Error('away'))
    expect(await lost.catch(error => error.message)).to.equal('away')
    await Promise.resolve()
    answer(1)
    expect(await found).to.equal('answer to 2')
  })
})
