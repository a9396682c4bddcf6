// For a Next.js that takes no adapter (before 16.2), or a project whose next.config names an adapter of its own.
//
//   const withSlugline = process.env.SLUGLINE_WRAPPER ? require(process.env.SLUGLINE_WRAPPER) : (config) => config
//   module.exports = withSlugline(nextConfig)
//
// or, in a module:
//
//   const wrapper = process.env.SLUGLINE_WRAPPER && (await import(process.env.SLUGLINE_WRAPPER))
//   export default wrapper ? wrapper.default(nextConfig) : nextConfig
//
// Slugline sets the variable for the Next.js that it starts; without it the configuration is as it was.
'use strict'

const path = require('node:path')
const { addPython, reportFacts, ANY_BODY_BYTES } = require('./adapter.cjs')

const DEFAULTS = { basePath: '', distDir: '.next', pageExtensions: ['tsx', 'ts', 'jsx', 'js'], trailingSlash: false }

module.exports = function withSlugline(nextConfig) {
  return async (phase, context) => {
    const config = typeof nextConfig === 'function' ? await nextConfig(phase, context) : await nextConfig
    if (!process.env.SLUGLINE_ROUTES) return config
    reportFacts({ ...DEFAULTS, ...config }, phase)
    const changed = addPython(config ?? {}, phase)
    const key = bodySizeKey()
    if (key !== null) changed.experimental[key] = ANY_BODY_BYTES
    return changed
  }
}
module.exports.withSlugline = module.exports

/** The setting that lets a whole body through; null for a Next.js without such a limit. */
function bodySizeKey() {
  const { version } = require(require.resolve('next/package.json', { paths: [process.cwd(), path.dirname(process.argv[1] ?? '.')] }))
  const [major, minor] = version.split('.').map(Number)
  if (major >= 16) return 'proxyClientMaxBodySize'
  return major === 15 && minor >= 5 ? 'middlewareClientMaxBodySize' : null
}
