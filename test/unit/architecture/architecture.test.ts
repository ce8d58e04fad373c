import { expect } from 'chai'
import { packageRooms, rooms } from './rooms.ts'
import { type Source, sourcesOf } from './sources.ts'

const MAX_LINES = 400

describe('the architecture', () => {
  const sources = Object.keys(rooms).flatMap(sourcesOf)

  it('has imports that point one way between rooms', () => {
    const wrong = sources.flatMap(({ path, room, files }) => {
      const allowed = [room, ...(rooms[room] ?? [])]
      return files
        .filter(file => !allowed.includes(file.split('/')[0] ?? ''))
        .map(file => `${path} → ${file}`)
    })
    expect(wrong).to.deep.equal([])
  })

  it('lets gateways know actors by their contracts’ types only', () => {
    const wrong = sourcesOf('gateway').flatMap(({ path, runtimeFiles }) =>
      runtimeFiles.filter(file => file.startsWith('actors/')).map(file => `${path} → ${file}`),
    )
    expect(wrong).to.deep.equal([])
  })

  it('imports a package that talks to the outside in one room', () => {
    const wrong = sources.flatMap(({ path, room, packages }) =>
      packages.filter(name => (packageRooms[name] ?? room) !== room).map(name => `${path} → ${name}`),
    )
    expect(wrong).to.deep.equal([])
  })

  it('has no cycles', () => {
    expect(cycles(sources)).to.deep.equal([])
  })

  it(`has no file of over ${MAX_LINES} lines`, () => {
    expect(sources.filter(({ lines }) => lines > MAX_LINES).map(({ path }) => path)).to.deep.equal([])
  })
})

/** Files that import themselves by way of others, types included: each cycle once, as its path. */
function cycles(sources: readonly Source[]): string[] {
  const files = new Map(sources.map(source => [source.path, source.files]))
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const file of files.get(path) ?? []) visit(file, [...trail, path])
    done.add(path)
  }
  for (const path of files.keys()) visit(path, [])
  return found
}
