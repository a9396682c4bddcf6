// Ask adapter.cjs, for tests: [{table, paths}] comes in as JSON, for each path [who answers, the correction it needs] goes out.
'use strict'

const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')

const { addPython } = require('../../src/slugline/nextjs/adapter.cjs')

const state = globalThis[Symbol.for('slugline.nextjs')]
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'slugline-match-'))
process.env.SLUGLINE_ROUTES = path.join(folder, 'routes.json')
const server = new http.Server()

const answers = JSON.parse(fs.readFileSync(0, 'utf8')).map(({ table, paths }) => {
  fs.writeFileSync(`${process.env.SLUGLINE_ROUTES}.new`, JSON.stringify(table))
  fs.renameSync(`${process.env.SLUGLINE_ROUTES}.new`, process.env.SLUGLINE_ROUTES)
  state.rules = null
  addPython({}, 'phase-development-server')
  return paths.map((url) => {
    const request = { url, headers: { 'x-forwarded-for': '192.0.2.1', 'x-slugline-owner': 's-none' }, socket: { remoteAddress: '192.0.2.2' } }
    server.emit('request', request, { once() {} })
    const literal = state.table.owners.static.get(url)
    const owner = literal ?? state.table.owners.dynamic.find(({ regex }) => regex.test(url))?.owner ?? null
    return [owner, request.headers['x-slugline-owner'] ?? null]
  })
})
fs.rmSync(folder, { recursive: true })
process.stdout.write(JSON.stringify(answers))
