export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'users/[id]/index', query: req.query, seen: Object.keys(req.headers) })
}
