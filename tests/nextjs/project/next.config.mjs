// The variants come from the test: SITE_CONFIG is JSON that is merged into this.
const variant = JSON.parse(process.env.SITE_CONFIG ?? '{}')

export default {
  agentRules: false,
  async redirects() {
    return [{ source: '/api/old', destination: '/api/hello', permanent: false }]
  },
  async headers() {
    return [{ source: '/api/:path*', headers: [{ key: 'x-config', value: 'yes' }] }]
  },
  async rewrites() {
    return [{ source: '/alias/:path*', destination: '/api/:path*' }]
  },
  ...variant,
}
