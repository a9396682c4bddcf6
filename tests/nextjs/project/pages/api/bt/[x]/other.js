export default function handler(req, res) {
  res.json({ by: 'javascript', route: 'bt/[x]/other', query: req.query, seen: Object.keys(req.headers) })
}
