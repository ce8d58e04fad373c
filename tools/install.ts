import { provideTools } from './components.ts'

const paths = await provideTools(line => process.stdout.write(`${line}\n`))
for (const [name, path] of Object.entries(paths)) process.stdout.write(`${name}: ${path}\n`)
