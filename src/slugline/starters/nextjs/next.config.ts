import type { NextConfig } from 'next'

// Nothing in here is about Python: Slugline adds its routes when it starts Next.js, and leaves this file alone.
const nextConfig: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
}

export default nextConfig
