// npm run tools: has every component there, and says where.
import { provideTools } from './components.ts'

try {
  const paths = await provideTools(line => process.stdout.write(`${line}\n`))
  for (const [name, path] of Object.entries(paths)) process.stdout.write(`${name}: ${path}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
