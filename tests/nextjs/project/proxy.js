import { NextResponse } from 'next/server'

export function proxy(request) {
  const url = request.nextUrl.clone()
  if (url.pathname === '/renamed') {
    url.pathname = '/api/hello'
    return NextResponse.rewrite(url)
  }
  if (url.pathname === '/api/post/moved') {
    url.pathname = '/api/js'
    return NextResponse.rewrite(url)
  }
  if (url.pathname === '/api/guarded') return NextResponse.json({ by: 'proxy' }, { status: 401 })
  const response = NextResponse.next()
  response.headers.set('x-proxy', 'seen')
  response.headers.set('x-proxy-saw-owner', String(request.headers.has('x-slugline-owner')))
  return response
}

// Next.js holds a whole body in memory where a proxy may read it; uploads go past this one.
export const config = { matcher: ['/((?!api/upload).*)'] }
