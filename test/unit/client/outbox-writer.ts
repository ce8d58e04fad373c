import { FileOutbox } from '../../../client/file-outbox.ts'

/** A process to kill: adds and removes for ever, and prints each clientMsgId whose add is done. */
const outbox = await FileOutbox.open(process.argv[2] ?? '')
for (let i = 0; ; i += 1) {
  const clientMsgId = `m${i}`
  const added = outbox.add({ clientMsgId, to: 'bob', body: 'x'.repeat(i % 500) })
  void added.then(() => process.stdout.write(`${clientMsgId}\n`))
  if (i % 3 === 0) void outbox.remove(clientMsgId)
  if (i % 20 === 0) await added
}
