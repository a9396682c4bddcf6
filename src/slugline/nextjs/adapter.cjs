// Loaded by Next.js itself (NEXT_ADAPTER_PATH), in `next dev`, `next build` and `next start`: Python routes become rewrites.
//
// How to think about it. Slugline writes one JSON file, named by SLUGLINE_ROUTES (precedence.py makes it). Its rules are
// put among the user's own rewrites when Next.js starts, and decide on their own for nearly every request, also after the
// user's middleware or rewrites have changed the path. What fixed rules cannot know is corrected for each request: a route file
// that came or went since the start, and upper and lower case, which Next.js ignores in rewrites. The correction is a request
// header that names who answers, added inside this process; two more rules, and a condition on all others, ask for it.
'use strict'

const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const { PassThrough } = require('node:stream')
const { isDeepStrictEqual } = require('node:util')

// One copy in each process, however often this file is loaded: `next dev` may load it once by each of two ways.
const state = (globalThis[Symbol.for('slugline.nextjs')] ??= { basePath: '', locales: [], phase: '', rules: null, seen: null, table: null })

const OWNER = 'x-slugline-owner'
const FORWARDED_HOST = 'x-slugline-forwarded-host'
// Where Next.js keeps what it knows of a request.
const REQUEST_META = Symbol.for('NextInternalRequestMeta')
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000
const IDLE_MILLISECONDS = 4000
// Next.js compares the size with it as a number, and writes it to JSON, so not Infinity.
const ANY_BODY_BYTES = 2 ** 50

/** Read the table that Slugline wrote; again only when the file was replaced. Null while there is none. */
function readTable() {
  const path = process.env.SLUGLINE_ROUTES
  if (!path) return null
  // A build is as it is.
  if (state.table !== null && state.phase === 'phase-production-server') return state.table
  try {
    const { ino, mtimeMs, size } = fs.statSync(path)
    const seen = [path, ino, mtimeMs, size]
    if (!isDeepStrictEqual(seen, state.seen)) {
      const table = JSON.parse(fs.readFileSync(path, 'utf8'))
      for (const owner of table.owners.dynamic) owner.regex = new RegExp(`^${owner.regex}$`)
      table.owners.static = new Map(Object.entries(table.owners.static))
      state.table = table
      state.seen = seen
    }
  } catch (error) {
    // Slugline replaces the file in one step, so this is a folder that is being deleted: what was known stays.
    if (state.table === null) throw new Error(`Slugline's table of routes, ${path}, cannot be read: ${error.message}`)
  }
  return state.table
}

/** The configuration of Next.js with Python's routes in it; everything else in it stays as it is. */
function addPython(config, phase) {
  const table = readTable()
  if (table === null || config.rewrites?.isSlugline) return config
  state.basePath = config.basePath ?? ''
  state.locales = config.i18n?.locales ?? []
  const compile = (rules) => rules.map((rule) => new RegExp(`^${rule.regex}/?$`, 'i'))
  state.rules ??= { static: compile(table.rules.static), dynamic: compile(table.rules.dynamic) }
  state.phase = phase
  if (phase === 'phase-development-server' || phase === 'phase-production-server') {
    watchRequests()
    useOwnConnections(new URL(table.origin))
    watchParent()
  }
  const userRewrites = config.rewrites
  const rewrites = async () => addRules(typeof userRewrites === 'function' ? await userRewrites() : undefined, table, config.i18n, phase)
  rewrites.isSlugline = true
  const experimental = { ...config.experimental }
  experimental.proxyTimeout = Math.max(experimental.proxyTimeout ?? 0, DAY_MILLISECONDS)
  return { ...config, rewrites, experimental }
}

function addRules(rewrites, table, i18n, phase) {
  // Next.js takes a list for the `afterFiles` part.
  const { beforeFiles = [], afterFiles = [], fallback = [] } = Array.isArray(rewrites) ? { afterFiles: rewrites } : (rewrites ?? {})
  // SECURITY: a client cannot know the secret, so a header that it sends decides nothing.
  const isCorrected = (to) => ({ type: 'header', key: OWNER, value: `${table.secret}-${to}` })
  const make = (source, destination, more) => ({
    // With `i18n` a path has its locale before it here, and a Python route, as every API route, is under none but the default.
    source: i18n ? `/:nextInternalLocale(${defaultLocales(i18n)})${source}` : source,
    ...(i18n ? { locale: false } : {}),
    destination: address(table.origin) + destination,
    ...more,
  })
  const fixed = (rules) => rules.map((rule) => make(rule.source, rule.destination, { missing: [isCorrected('none')] }))
  // SECURITY: only in development, where routes come and go. A build needs none, and Next.js sends what stands in `has` to
  // browsers, in _buildManifest.js; what stands in `missing` it does not.
  const corrected = (to) =>
    phase !== 'phase-development-server'
      ? []
      : [
          make('/api', '/api', { has: [isCorrected(to)] }),
          make('/api/:path(.+?)', '/api/:path', { has: [isCorrected(to)] }),
        ]
  // Where the page of an error listens for the save that mends it.
  const development = phase === 'phase-development-server' ? [make('/_slugline/:path(.+?)', '/_slugline/:path', {})] : []
  // The page about the API gives way to every route of the app.
  const docs = phase === 'phase-development-server' ? ['/api/docs', '/api/docs/:path(.+?)', '/api/openapi.json'] : []
  const documented = docs.map((path) => make(path, path.replace('(.+?)', ''), {}))
  // Made anew for each list: Next.js writes basePath into the very objects that it is given.
  const all = () => [...fixed(table.rules.static), ...fixed(table.rules.dynamic)]
  // In Next.js static routes come before `afterFiles`, dynamic ones after; in each place the user's own rewrites go first.
  // The lists beyond the first repeat what stands before, for paths that the user's rewrites made.
  return {
    beforeFiles: [...beforeFiles, ...fixed(table.rules.static), ...corrected('static'), ...development],
    afterFiles: [...afterFiles, ...all(), ...corrected('dynamic')],
    fallback: [...fallback, ...all(), ...documented],
  }
}

function defaultLocales(i18n) {
  const names = [i18n.defaultLocale, ...(i18n.domains ?? []).map((domain) => domain.defaultLocale)]
  return [...new Set(names)].map((name) => name.replace(/[^\w]/g, '\\$&')).join('|')
}

/** The origin as a rewrite needs it: with a tab before the port, which every URL parser takes out again.
 *
 * Next.js puts a query key, wherever it follows a colon, in the place of that text before it parses the destination: with a
 * plain ":3901" every request with `?3=` or `?39=` is a 500 (seen on 16.4.6).
 */
function address(origin) {
  return origin.replace(/:(?=\d+$)/, ':\t')
}

function watchRequests() {
  // Both copies of Next.js's servers are made from these classes, also one that the user's own server file makes.
  for (const { prototype } of [http.Server, https.Server]) {
    if (prototype.emit.isSlugline) continue
    const emit = prototype.emit
    prototype.emit = function (event, ...rest) {
      if (event === 'request' || event === 'upgrade') {
        const owner = prepare(rest[0])
        if (event === 'request' && owner === 'python') streamBody(...rest)
      }
      return emit.call(this, event, ...rest)
    }
    prototype.emit.isSlugline = true
  }
}

/** Connections to Python of our own kind, in place of those that Next.js's proxy keeps.
 *
 * Its pool holds 256 connections: with as many event streams open, every further request would wait for one of them to end.
 * And it uses a connection again until Python closes it, after ten idle seconds; a request sent at that very moment is a 500.
 */
class Connections extends http.Agent {
  constructor() {
    super({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 64 })
  }

  keepSocketAlive(socket) {
    if (!super.keepSocketAlive(socket)) return false
    // Node.js destroys an idle connection whose time is over.
    socket.setTimeout(IDLE_MILLISECONDS)
    return true
  }

  reuseSocket(socket, request) {
    super.reuseSocket(socket, request)
    socket.setTimeout(0)
  }
}

function useOwnConnections({ hostname, port }) {
  const own = new Connections()
  const addRequest = http.Agent.prototype.addRequest
  if (addRequest.isSlugline) return
  http.Agent.prototype.addRequest = function (request, options, ...rest) {
    const isProxy = this.keepAlive && this.maxSockets !== Infinity && options.host === hostname && String(options.port) === port
    return addRequest.call(isProxy ? own : this, request, options, ...rest)
  }
  http.Agent.prototype.addRequest.isSlugline = true
}

/** End with the process that started us, also when that was killed: nobody else would. */
function watchParent() {
  const parent = Number(process.env.SLUGLINE_PARENT)
  if (!parent || state.parent) return
  state.parent = parent
  const watch = setInterval(() => {
    try {
      process.kill(parent, 0)
    } catch (error) {
      if (error.code !== 'ESRCH') return
      clearInterval(watch)
      console.error('Slugline is gone, so Next.js ends too.')
      process.kill(process.pid, 'SIGTERM')
      setTimeout(() => process.exit(1), 3000).unref()
    }
  }, 1000)
  watch.unref()
}

/** Correct the rules for one request, and tell Python who asks. */
function prepare(request) {
  const { headers, socket } = request
  delete headers[OWNER]
  const table = readTable()
  const path = apiPath(request.url)
  const { owner, correction } = path === null ? {} : judge(path, table)
  if (correction) {
    // Not enumerable, so that it is copied nowhere: neither the user's middleware nor Python sees it, and a middleware that
    // replaces the headers of a request does not take it away.
    Object.defineProperty(headers, OWNER, { value: `${table.secret}-${correction}`, enumerable: false, configurable: true })
  }
  const address = socket.remoteAddress ?? ''
  // NEXTJS: fills in these two where they are missing, but not for what it hands on. For JavaScript the first stays as it was sent.
  const sent = headers['x-forwarded-for']
  headers['x-forwarded-for'] = sent && owner === 'python' ? `${sent}, ${address}` : (sent ?? address)
  // What shows the source of a file goes to this machine alone, and a tunnel may write "localhost" into Host.
  const isShown = state.phase === 'phase-development-server' && owner === 'python'
  if (isShown && headers['x-forwarded-host']) headers[FORWARDED_HOST] = headers['x-forwarded-host']
  headers['x-forwarded-proto'] ??= socket.encrypted ? 'https' : 'http'
  return owner
}

/** Have Next.js hand a body on piece by piece.
 *
 * It keeps a copy of each body, whole and in memory, for the middleware that may have read it (400 MB more for an upload of
 * 400 MB, seen on 16.4.6). Where no middleware runs, nobody needs the copy.
 */
function streamBody(request, response) {
  const meta = (request[REQUEST_META] ??= {})
  let copied
  let invoked
  let hasMiddleware = false
  Object.defineProperty(meta, 'middlewareInvoke', {
    enumerable: true,
    get: () => invoked,
    set: (value) => {
      invoked = value
      hasMiddleware ||= value
    },
  })
  Object.defineProperty(meta, 'clonableBody', {
    enumerable: true,
    get: () => (copied === undefined || hasMiddleware ? copied : { cloneBodyStream, finalize: async () => {} }),
    set: (value) => (copied = value),
  })
  function cloneBodyStream() {
    const body = new PassThrough()
    request.on('error', (error) => body.destroy(error))
    return request.pipe(body)
  }
  // Python may answer before it has read all: a body over its limit. The rest is let go.
  response.once('finish', () => {
    if (request.complete) return
    request.unpipe()
    request.removeAllListeners('data')
    request.resume()
  })
}

/** The path as the table has it, "/api/post/7", without basePath and last slash; null for one that is not below /api. */
function apiPath(url) {
  let path
  try {
    path = new URL(url, 'http://localhost').pathname
  } catch {
    return null
  }
  const { basePath, locales } = state
  if (basePath) {
    if (!path.startsWith(`${basePath}/`)) return null
    path = path.slice(basePath.length)
  }
  if (path.endsWith('/')) path = path.slice(0, -1)
  const [, locale, first] = locales.length > 0 ? path.split('/') : []
  // NEXTJS: /de/api/hello is no API route. It is in no table either, so the rules are told to let it go.
  if (first === 'api' && locales.some((name) => name.toLowerCase() === locale.toLowerCase())) return path
  return path === '/api' || path.startsWith('/api/') ? path : null
}

/** Who answers a path, and what the rules have to be told when they would not find out themselves. */
function judge(path, table) {
  const { owners } = table
  const literal = owners.static.get(path) ?? owners.static.get(path.replace(/%[0-9a-f]{2}/gi, (code) => code.toUpperCase()))
  const owner = literal ?? owners.dynamic.find(({ regex }) => regex.test(path))?.owner
  const isPython = owner === 'python'
  const fits = (rule) => rule.test(withoutLocale(path))
  // Before it comes to a rule for a dynamic route, Next.js has answered what lies in its own folders under that very name.
  const isRuled = state.rules.static.some(fits) || (literal !== 'javascript' && state.rules.dynamic.some(fits))
  const kind = literal === undefined ? 'dynamic' : 'static'
  return { owner, correction: isPython === isRuled ? null : isPython ? kind : 'none' }
}

function withoutLocale(path) {
  return path.startsWith('/api') ? path : path.slice(path.indexOf('/', 1))
}

/** Where the facts of the user's configuration go that only Next.js can read; table_file.py reads them. */
function reportFacts(config, phase) {
  const path = process.env.SLUGLINE_FACTS
  if (!path) return
  const { basePath, distDir, pageExtensions, trailingSlash } = config
  const written = `${path}.${process.pid}`
  fs.writeFileSync(written, JSON.stringify({ phase, basePath, distDir, pageExtensions, trailingSlash }))
  fs.renameSync(written, path) // whoever reads it sees the whole of it
}

async function modifyConfig(config, context) {
  // The user's own adapter goes first, and is the one that Next.js knows of from here on; without one, Next.js builds as if
  // there were none, so that the output is the same as without Slugline.
  const own = process.env.SLUGLINE_NEXT_ADAPTER || undefined
  if (own) {
    const loaded = await import(require('node:url').pathToFileURL(require.resolve(own)).href)
    const adapter = loaded.default?.default ?? loaded.default ?? loaded
    if (typeof adapter.modifyConfig === 'function') config = await adapter.modifyConfig(config, context)
  }
  reportFacts(config, context.phase)
  const changed = addPython({ ...config, adapterPath: own }, context.phase)
  if (!process.env.SLUGLINE_ROUTES) return changed
  const limit = changed.experimental.proxyClientMaxBodySize
  const proxyClientMaxBodySize = Math.max(typeof limit === 'number' ? limit : 0, ANY_BODY_BYTES)
  return { ...changed, experimental: { ...changed.experimental, proxyClientMaxBodySize } }
}

module.exports = { name: 'slugline', modifyConfig, addPython, reportFacts, ANY_BODY_BYTES }
