// Show adapter.cjs and with-slugline.cjs a configuration, as Next.js does: {config, phase, through} comes in as JSON, `config`
// being the text of an expression; what became of it goes out, with its rewrites in place of the function that gives them.
'use strict'

const fs = require('node:fs')

async function main() {
  const { config: text, phase, through } = JSON.parse(fs.readFileSync(0, 'utf8'))
  const config = eval(`(${text})`)
  const before = JSON.stringify(config)
  let changed
  if (through === 'wrapper') changed = await require('../../src/slugline/nextjs/with-slugline.cjs')(config)(phase, {})
  else changed = await require('../../src/slugline/nextjs/adapter.cjs').modifyConfig(config, { phase, nextVersion: '16.4.6' })
  const again = await require('../../src/slugline/nextjs/adapter.cjs').modifyConfig(changed, { phase, nextVersion: '16.4.6' })
  const rewrites = typeof changed.rewrites === 'function' ? await changed.rewrites() : changed.rewrites
  const twice = typeof again.rewrites === 'function' ? await again.rewrites() : again.rewrites
  const same = JSON.stringify(rewrites) === JSON.stringify(twice)
  process.stdout.write(JSON.stringify({ ...changed, rewrites, untouched: before === JSON.stringify(config), same }))
  process.exit()
}

main()
