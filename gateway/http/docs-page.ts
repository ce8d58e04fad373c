import type { OpenApi, Operation, Parameter } from './openapi.ts'

/** The document as a page without scripts. */
export const docsPage = ({ info, paths }: OpenApi): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(info.title)} API</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
  h2 { font-size: 1rem; margin: 2rem 0 .3rem; padding-top: 1rem; border-top: 1px solid #ddd }
  code, pre { font: 14px/1.4 ui-monospace, monospace }
  pre { background: #f5f5f5; padding: .6rem; overflow-x: auto }
  b { display: inline-block; min-width: 4.5rem }
  td { padding-right: 1.5rem; vertical-align: top }
</style>
<h1>${escaped(info.title)} API</h1>
<p>${escaped(info.description)}</p>
<p>For programs: <a href="/openapi.json">/openapi.json</a></p>
${Object.entries(paths).flatMap(operationsOf).join('\n')}
</html>
`

const operationsOf = ([path, operations]: [string, Readonly<Record<string, Operation>>]): string[] =>
  Object.entries(operations).map(([method, operation]) => section(path, method, operation))

function section(path: string, method: string, { summary, parameters, requestBody, responses }: Operation) {
  const rows = parameters.map(row).join('')
  const body = requestBody?.content['application/json'].schema
  const answer = responses['200']?.content?.['application/json'].schema
  return `<h2><b>${method.toUpperCase()}</b> <code>${escaped(path)}</code></h2>
<p>${escaped(summary)}</p>
${rows && `<table>${rows}</table>`}
${body ? `<p>Body</p><pre>${escaped(JSON.stringify(body, null, 2))}</pre>` : ''}
${answer ? `<details><summary>Answer</summary><pre>${escaped(JSON.stringify(answer, null, 2))}</pre></details>` : ''}`
}

const row = ({ name, required, schema, in: place }: Parameter): string =>
  `<tr><td><code>${escaped(name)}</code></td><td>${place}${required ? '' : ', optional'}</td>` +
  `<td><code>${escaped(JSON.stringify(schema))}</code></td></tr>`

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string): string => text.replace(/[&<>"]/g, character => entities[character] ?? '')
