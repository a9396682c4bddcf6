export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'wide/[...all]', query: req.query, seen: Object.keys(req.headers) })
}
