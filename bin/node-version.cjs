// Loaded before the server, in a syntax that any Node reads: says plainly what an older one could not say.
'use strict'

const NEEDED = 24
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `Homing needs Node ${NEEDED} or newer; this is ${process.version}.\n` +
      'On Linux (x64, arm64) and Windows `npm install` brings one along: run it, then start by npm.\n' +
      'Elsewhere install it, for instance from nodejs.org.\n',
  )
  process.exit(1)
}
